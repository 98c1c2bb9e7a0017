"""Checkpoints on disk and the policy interface beside them."""
