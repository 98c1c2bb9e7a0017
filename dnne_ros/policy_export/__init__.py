"""From checkpoints to policy bundles."""
