"""The typed graph: workflow records meet the catalogue, and everything is checked."""
