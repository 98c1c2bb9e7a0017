"""Which process each node lives in, and why."""
