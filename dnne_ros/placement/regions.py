"""Which nodes of a process become one: those whose rounds follow from the rounds of a first one.

A *unit* answers items of a node: each round takes one of each of its ports.  A region begins with
any unit, its entry; another belongs to it if everything that it takes comes from the region.  So
when the entry's items are there, the whole round can be made, in the order in which the units
joined.  What the entry takes may come from anywhere, also from the region itself: a loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from dnne_ros.graph.graph import Edge, Graph
from dnne_ros.transport.policy import EdgePolicy

LARGEST = 64
"""Units of a region; more would hold up the event loop for too long in one go."""


class Unit(Protocol):
    """What answers items of a node; a node may have several."""

    @property
    def node(self) -> str:
        """The node's id."""
        ...

    @property
    def ports(self) -> tuple[str, ...]:
        """The inputs of which each round takes an item."""
        ...


_Unit = TypeVar("_Unit", bound=Unit)


def why_not_passed(graph: Graph, edge: Edge) -> str:
    """Say why items of an edge cannot be passed on without a queue; "": they can."""
    if edge.policy is not EdgePolicy.LOSSLESS:
        return f"is {edge.policy.value}"
    if graph.nodes[edge.target.node].type.inputs[edge.target.port].priority is not None:
        return "has priorities"
    return ""


def regions_of(graph: Graph, units: Sequence[_Unit], largest: int = LARGEST) -> list[list[_Unit]]:
    """Return the regions that ``units`` of one process make, the largest first.

    Each unit is in one of them, and the first of each is its entry.
    """
    regions = []
    free = dict.fromkeys(units)
    for found in sorted((_grow(graph, entry, units, largest) for entry in units),
                        key=len, reverse=True):
        if found[0] not in free:
            continue
        if not all(unit in free for unit in found):
            found = _grow(graph, found[0], list(free), largest)
        regions.append(found)
        for unit in found:
            del free[unit]
    return regions


def _grow(graph: Graph, entry: _Unit, units: Sequence[_Unit], largest: int) -> list[_Unit]:
    """Return the region that begins with ``entry``, in the order of a round."""
    behind: dict[str, list[_Unit]] = {}
    for unit in units:
        for edge in _edges(graph, unit):
            behind.setdefault(edge.source.node, []).append(unit)
    region, nodes = [entry], {entry.node}
    for unit in region:  # which grows meanwhile
        for next in behind.get(unit.node, ()):
            if len(region) < largest and next.node not in nodes and all(
                    edge.source.node in nodes and not why_not_passed(graph, edge)
                    for edge in _edges(graph, next)):
                region.append(next)
                nodes.add(next.node)
    return region


def _edges(graph: Graph, unit: Unit) -> Iterator[Edge]:
    """Yield the edges from which a unit takes."""
    for port in unit.ports:
        yield from graph.incoming[unit.node].get(port, ())
