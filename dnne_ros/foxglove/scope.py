"""Which nodes are shown: those of one graph, or all."""

from __future__ import annotations


def belongs(namespace: str, graph: str) -> bool:
    """Tell whether a node in ``namespace`` is of ``graph``, a namespace; all are of ''."""
    return not graph or namespace == graph or namespace.startswith(f"{graph}/")


def is_hidden(name: str) -> bool:
    """Tell whether ROS means a node, topic or service to be left out of lists."""
    return any(part.startswith("_") for part in name.split("/"))


def full_name(namespace: str, node: str) -> str:
    """Return ``/cartpole/agent_3``."""
    return f"{namespace.rstrip('/')}/{node}"
