"""What is seen of nodes and edges: diagnostics, deadlines, watchdogs."""
