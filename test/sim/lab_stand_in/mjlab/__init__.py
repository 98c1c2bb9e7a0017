"""Stands in for mjlab."""
