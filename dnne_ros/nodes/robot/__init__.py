"""A robot in the place of a simulator."""
