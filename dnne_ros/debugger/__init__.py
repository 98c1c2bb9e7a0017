"""``dnne-ros debug``: pause, step and break a running graph, and look at its items."""
