"""Loops: each needs a port that supplies its first token, or nothing in it ever moves."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

from dnne_ros.graph.graph import Edge
from dnne_ros.node_api.node import Node


def find_stuck_loop(types: Mapping[str, type[Node]], values: Mapping[str, Mapping[str, Any]],
                    edges: tuple[Edge, ...]) -> tuple[Edge, ...] | None:
    """Return the edges of a loop that can never start, in order, or None.

    Nodes are marked as able to fire, starting from those that wait for nothing, until nothing
    changes.  A node fires when every linked input that it waits for has a supplier (one is
    enough unless it `Node.waits_for_all` under its ``values``); an output that ``starts_loop``
    needs no firing.  What is left over waits for itself.
    """
    incoming: dict[str, list[Edge]] = {node: [] for node in types}
    consumers: dict[str, list[str]] = {node: [] for node in types}
    for edge in edges:
        consumers[edge.source.node].append(edge.target.node)
        if not types[edge.target.node].inputs[edge.target.port].free_first_round:
            incoming[edge.target.node].append(edge)
    firing: set[str] = set()

    def supplied(edge: Edge) -> bool:
        output = types[edge.source.node].outputs[edge.source.port]
        return output.starts_loop or edge.source.node in firing

    def can_fire(node: str) -> bool:
        waits_for_all = types[node].waits_for_all(types[node](values.get(node)).values)
        quorum = all if waits_for_all or not incoming[node] else any
        return quorum(supplied(edge) for edge in incoming[node])

    to_look_at = deque(types)
    while to_look_at:
        node = to_look_at.popleft()
        if node not in firing and can_fire(node):
            firing.add(node)
            to_look_at.extend(consumers[node])

    waiting = {
        node: {edge.source.node: edge for edge in incoming[node] if not supplied(edge)}
        for node in types if node not in firing}
    try:
        TopologicalSorter({node: set(sources) for node, sources in waiting.items()}).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]  # first and last are the same, each before the next
        return tuple(waiting[after][before] for before, after in pairwise(cycle))
    return None
