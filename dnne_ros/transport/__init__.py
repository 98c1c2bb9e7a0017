"""Edges: what a link becomes at run time, in one process or across DDS.

Knows neither graphs nor nodes: it moves payloads between ports that somebody else named.
"""
