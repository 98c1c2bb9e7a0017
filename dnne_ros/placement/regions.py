"""Which nodes of a process become one: those whose rounds follow from the rounds of a first one.

A *unit* answers items of a node: each round takes one of each of its ports.  A region begins with
any unit, its entry; another belongs to it if everything that it takes comes from the region.  So
when the entry's items are there, the whole round can be made, in the order in which the units
joined.  What the entry takes may come from anywhere, also from the region itself: a loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
        """The inputs of which each round takes an item; none: it begins rounds by itself."""
        ...

    @property
    def pushed(self) -> bool:
        """Whether what begins a round comes from outside, when it likes."""
        ...


_Unit = TypeVar("_Unit", bound=Unit)


def why_not_passed(graph: Graph, edge: Edge, pushed: bool = False) -> str:
    """Say why items of an edge cannot be passed on without a queue; "": they can.

    ``pushed``: the region's entry is called from outside, once a round; those behind it rest then,
    so the newest item is each.
    """
    if edge.policy is not EdgePolicy.LOSSLESS and not (
            pushed and edge.policy is EdgePolicy.LATEST):
        return f"is {edge.policy.value}"
    if graph.nodes[edge.target.node].type.inputs[edge.target.port].priority is not None:
        return "has priorities"
    return ""


def regions_of(graph: Graph, units: Sequence[_Unit], largest: int = LARGEST) -> list[list[_Unit]]:
    """Return the regions that ``units`` of one process make, the largest first.

    Each unit is in one of them, and the first of each is its entry.
    """
    takes = {unit: list(_edges(graph, unit)) for unit in units}
    behind: dict[str, list[_Unit]] = {}
    joins: dict[tuple[_Unit, bool], bool] = {}
    for unit, edges in takes.items():
        for pushed in (False, True):
            joins[unit, pushed] = not any(why_not_passed(graph, edge, pushed) for edge in edges)
        for edge in edges:
            behind.setdefault(edge.source.node, []).append(unit)
    free = dict.fromkeys(units)

    def grow(entry: _Unit) -> list[_Unit]:
        """Return the region that begins with ``entry``, in the order of a round."""
        region, nodes = [entry], {entry.node}
        for unit in region:  # which grows meanwhile
            for next in behind.get(unit.node, ()):
                if len(region) < largest and next.node not in nodes and next in free \
                        and joins[next, entry.pushed] \
                        and all(e.source.node in nodes for e in takes[next]):
                    region.append(next)
                    nodes.add(next.node)
        return _by_priority(graph, region, takes)

    regions = []
    for found in sorted(map(grow, units), key=len, reverse=True):
        if found[0] in free:
            region = found if all(unit in free for unit in found) else grow(found[0])
            regions.append(region)
            for unit in region:
                del free[unit]
    return regions


def _by_priority(graph: Graph, region: list[_Unit], takes: Mapping[_Unit, Sequence[Edge]]
                 ) -> list[_Unit]:
    """Return a region such that of those that could be next, who has priority is."""
    entry, *rest = region
    if len({graph.nodes[unit.node].priority for unit in rest}) < 2:
        return region
    order, nodes = [entry], {entry.node}
    while rest:
        next = max((unit for unit in rest if all(e.source.node in nodes for e in takes[unit])),
                   key=lambda unit: graph.nodes[unit.node].priority)
        rest.remove(next)
        order.append(next)
        nodes.add(next.node)
    return order


def _edges(graph: Graph, unit: Unit) -> Iterator[Edge]:
    """Yield the edges from which a unit takes."""
    for port in unit.ports:
        yield from graph.incoming[unit.node].get(port, ())
