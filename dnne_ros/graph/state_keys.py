"""Whether a state that a node keeps for each key of its items can be told whose it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dnne_ros.graph.replicas import streams_to

if TYPE_CHECKING:
    from dnne_ros.graph.graph import Graph


def check_state_keys(graph: Graph, report: Callable[[str, str], None]) -> None:
    """Report, by the id of a node, what is wrong with the keys of its state."""
    for id, node in graph.nodes.items():
        if (key := node.type.state_key()) is not None:
            for fault in key.faults(streams_to(graph, id)):
                report(id, f"state_per: {fault}")
