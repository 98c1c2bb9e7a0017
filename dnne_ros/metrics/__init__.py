"""Figures of a run for those who watch machines: their names, and what serves them."""
