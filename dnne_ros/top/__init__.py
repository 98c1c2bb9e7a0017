"""``dnne-ros top``: what the nodes and edges of running graphs do."""
