"""One process of a graph as a command."""
