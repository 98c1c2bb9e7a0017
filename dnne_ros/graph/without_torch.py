"""Whether a graph can run on this machine, where torch may not be installed."""

from __future__ import annotations

from dnne_ros.arrays import has_torch
from dnne_ros.errors import InputError
from dnne_ros.graph.graph import Graph, GraphNode


def check_torch(graph: Graph) -> None:
    """Raise `InputError` naming the nodes that need torch, if that is not installed."""
    if has_torch():
        return
    needing = [node for node in graph.nodes.values()
               if not node.type.runs_without_torch(node.values)]
    if needing:
        raise InputError(graph.path, [
            f"{len(needing)} of {len(graph.nodes)} nodes need torch, which is not installed "
            f"(pip install 'dnne_ros[train]'): {', '.join(map(_named, needing))}"])


def _named(node: GraphNode) -> str:
    title = f" {node.title!r}" if node.title not in ("", node.type.type_name) else ""
    return f"{node.id}{title} ({node.type.type_name})"
