"""Supervised learning: data sets, layers, losses, optimizers, epochs."""
