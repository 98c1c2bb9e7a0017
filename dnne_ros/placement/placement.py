"""A placement: the processes of a run, the nodes in each, and the hosts that they run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dnne_ros.errors import InputError
from dnne_ros.graph.graph import Edge, Graph
from dnne_ros.graph.resources import Resources


@dataclass(frozen=True)
class Placement:
    """Names of processes with the ids of their nodes, in the order of the file.

    ``hosts``: names of machines with the processes on each; none if there is but one machine.
    ``resources``: what processes are to have of their machine, where anything is asked for.
    """

    processes: Mapping[str, tuple[str, ...]]
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    resources: Mapping[str, Resources] = field(default_factory=dict)

    def process_of(self, node: str) -> str:
        """Return the process that ``node`` lives in."""
        return self._process_of[node]

    @cached_property
    def _process_of(self) -> Mapping[str, str]:
        return {node: name for name, nodes in self.processes.items() for node in nodes}

    def host_of(self, process: str) -> str:
        """Return the host of ``process``; "" if there are none."""
        return next((host for host, processes in self.hosts.items() if process in processes), "")

    def on_host(self, host: str | None) -> dict[str, tuple[str, ...]]:
        """Return the processes on ``host``, as in `processes`; all of them if it is None.

        Raises `InputError` for a host that is not in the placement.
        """
        if host is None:
            return dict(self.processes)
        if host not in self.hosts:
            raise InputError("--host", [
                f"no host {host!r:.40} in the placement; expected one of "
                f"{', '.join(self.hosts)}" if self.hosts else
                f"{host!r:.40}, but the placement has no hosts; expected --place FILE with "
                "hosts: {NAME: [NODE or PROCESS, …]}"])
        return {process: nodes for process, nodes in self.processes.items()
                if process in self.hosts[host]}

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
