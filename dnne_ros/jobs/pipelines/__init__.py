"""Many jobs as one: pipelines and sweeps."""
