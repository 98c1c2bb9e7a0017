"""``dnne-ros jobs``."""
