"""Benchmarks of ``dnne-ros bench``: ours beside its peers, in one run.

Each module measures one thing: ``add_arguments(parser)``, ``measure(options, say) -> dict`` (a
JSON document) and ``tables(document) -> list[Table]``.  They import what they measure when they
run.
"""
