"""A placement as a launch description; the only room that imports ``launch``."""
