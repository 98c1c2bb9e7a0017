"""Tasks: how episodes end differs with the version."""
