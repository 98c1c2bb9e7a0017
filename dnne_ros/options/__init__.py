"""The options of a run, shared by all commands."""
