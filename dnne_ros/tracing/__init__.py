"""Tracing: what happened to each item, when and where; recorded, read, and made sense of."""
