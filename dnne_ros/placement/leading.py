"""Which process of a placement speaks for all of them."""

from __future__ import annotations

from dnne_ros.graph.graph import Graph
from dnne_ros.placement.placement import Placement


def leading_process(graph: Graph, placement: Placement) -> str:
    """Return the one whose node announces boundaries, as a trainer, else the first."""
    return next((process for process, nodes in placement.processes.items()
                 if any(graph.nodes[node].type.announces_boundaries for node in nodes)),
                next(iter(placement.processes)))
