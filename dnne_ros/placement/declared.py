"""A placement declared in Python, as in an exported package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.graph.resources import Resources
from dnne_ros.placement.placement import Placement, bound_groups


def declare_placement(graph: Graph, processes: Mapping[str, Sequence[str]],
                      hosts: Mapping[str, Sequence[str]] = MappingProxyType({}),
                      resources: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
                      ) -> Placement:
    """Return the placement that lists the ROS names of the nodes in each of ``processes``.

    ``hosts`` lists the processes on each machine, if there are several, ``resources`` what
    processes are to have of it, see `Resources`.  `InputError` names every node that is in none,
    in two, or apart from what it is bound to, and so for processes.
    """
    problems = Problems(graph.name)
    id_of = {node.ros_name: id for id, node in graph.nodes.items()}
    process_of: dict[str, str] = {}
    for process, names in processes.items():
        if not names:
            problems.add(f"process {process} has no nodes")
        for name in names:
            if name not in id_of:
                problems.add(f"process {process}: no node {name!r}")
            elif id_of[name] in process_of:
                problems.add(f"node {name} is in two processes: {process_of[id_of[name]]} and "
                             f"{process}")
            else:
                process_of[id_of[name]] = process
    for name, id in id_of.items():
        if id not in process_of:
            problems.add(f"node {name} is in no process")
    _check_hosts(processes, hosts, problems)
    wanted = {}
    for process, asked in resources.items():
        if process not in processes:
            problems.add(f"resources: no process {process!r}")
        wanted[process] = Resources.read(
            asked, lambda problem, process=process: problems.add(  # type: ignore[misc]
                f"resources of process {process}: {problem}"))
    problems.raise_if_any()
    for nodes, binding in bound_groups(graph):
        if len({process_of[node] for node in nodes}) > 1:
            links = "; ".join(f"{edge.type.name} {graph.edge_name(edge)}" for edge in binding)
            problems.add(f"nodes that cannot be separated are in different processes: {links}")
    problems.raise_if_any()
    return Placement({process: tuple(id_of[name] for name in names)
                      for process, names in processes.items()},
                     {host: tuple(names) for host, names in hosts.items()}, wanted)


def _check_hosts(processes: Mapping[str, Sequence[str]], hosts: Mapping[str, Sequence[str]],
                 problems: Problems) -> None:
    host_of: dict[str, str] = {}
    for host, names in hosts.items():
        for name in names:
            if name not in processes:
                problems.add(f"host {host}: no process {name!r}")
            elif host_of.setdefault(name, host) != host:
                problems.add(f"process {name} is on two hosts: {host_of[name]} and {host}")
    for name in processes if hosts else ():
        if name not in host_of:
            problems.add(f"process {name} is on no host")
