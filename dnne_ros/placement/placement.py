"""A placement: the processes of a run and the nodes in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from dnne_ros.graph.graph import Edge, Graph


@dataclass(frozen=True)
class Placement:
    """Names of processes with the ids of their nodes, in the order of the file."""

    processes: Mapping[str, tuple[str, ...]]

    def process_of(self, node: str) -> str:
        """Return the process that ``node`` lives in."""
        return self._process_of[node]

    @cached_property
    def _process_of(self) -> Mapping[str, str]:
        return {node: name for name, nodes in self.processes.items() for node in nodes}

    def crosses(self, edge: Edge) -> bool:
        """Tell whether an edge leads from one process to another."""
        return self.process_of(edge.source.node) != self.process_of(edge.target.node)


def bound_groups(graph: Graph) -> list[tuple[list[str], list[Edge]]]:
    """Return the nodes that must share a process, with the edges that bind them.

    A link whose type cannot leave a process binds its two ends.  Groups and the nodes in them
    keep the order of the file; a node that nothing binds is a group of its own.
    """
    group_of = {node: [node] for node in graph.nodes}
    binding = [edge for edge in graph.edges if not edge.type.leaves_process]
    for edge in binding:
        small, large = sorted((group_of[edge.source.node], group_of[edge.target.node]), key=len)
        if small is not large:
            large += small
            for node in small:  # a node changes its group but a few times: it doubles each time
                group_of[node] = large
    groups: dict[int, tuple[list[str], list[Edge]]] = {}
    for node in graph.nodes:
        groups.setdefault(id(group_of[node]), ([], []))[0].append(node)
    for edge in binding:
        groups[id(group_of[edge.source.node])][1].append(edge)
    return list(groups.values())
