"""Computations of the user's own, in Python files that graphs name."""
