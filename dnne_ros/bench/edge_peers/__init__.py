"""The ways to move arrays between two Python nodes that ``dnne-ros bench edges`` compares.

Each module is one way.  Those that can be run as a command take a folder with ``jobs.json`` and a
role, and leave the figures of each role there (see `rally`).
"""
