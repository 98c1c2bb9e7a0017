"""What two machines compare to know that they run the same graph in the same placement."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from dnne_ros.graph.graph import Graph, GraphNode
from dnne_ros.placement.placement import Placement

_DIGITS = 16


def fingerprint(graph: Graph, placement: Placement) -> dict[str, str]:
    """Return the digests (SHA-256, shortened) of a graph's parts by their names.

    Names of files are left out, as a file has its own place on each machine.
    """
    return {
        "nodes": _digest([_node(node) for node in graph.nodes.values()]),
        "links": _digest(sorted(
            [str(edge.source), str(edge.target), edge.type.name, edge.policy.value,
             edge.capacity, edge.when_absent.value] for edge in graph.edges)),
        "placement": _digest([placement.processes, placement.hosts]),
    }


def _node(node: GraphNode) -> list[Any]:
    values = {name: value for name, value in node.values.items()
              if name not in node.type.widgets or not node.type.widgets[name].file}
    return [node.id, node.ros_name, node.type.type_name, values, dict(node.faults)]


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
