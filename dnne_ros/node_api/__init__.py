"""What the author of a node type uses: node, ports, widgets, port types, state, health, clock."""
