"""Tensors made, taken apart and put together."""
