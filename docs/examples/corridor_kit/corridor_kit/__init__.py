"""A corridor to drive through, and its laser."""
