"""Nodes of one process that become one: regions, compiled to plain functions."""
