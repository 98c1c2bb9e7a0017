"""Policies that other programs trained, as bundles."""
