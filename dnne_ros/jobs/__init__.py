"""Jobs and pipelines: many runs, in order, that survive whatever is killed."""
