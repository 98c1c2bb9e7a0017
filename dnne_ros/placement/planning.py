"""Makes a placement: fused, split, from a file, or as the workflow itself asks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dnne_ros.errors import Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.graph.resources import Resources
from dnne_ros.placement.placement import Placement, bound_groups
from dnne_ros.placement.placement_file import PlacementFile

FUSED_PROCESS = "main"


def place(graph: Graph, how: str = "") -> Placement:
    """Return the placement that ``how`` asks for.

    ``fused``: one process, but for node types that ask for one of their own (``own_process``) and
    are given no other.  ``split``: as many as the port types allow.  The path of a YAML or
    JSON file ``{"processes": {"sim": [1, 4], "learn": ["ppo_agent_3", 6]}}``: those, and what
    it leaves out in ``main``; with ``hosts`` in it, see `PlacementFile`, none is left out.  Empty:
    as nodes of the workflow ask (``process`` in their options), else fused.  A process has the
    resources that its nodes ask for, and what the file says of it instead.  Raises `InputError`
    naming every node that does not fit.
    """
    hosts: Mapping[str, tuple[str, ...]] = {}
    resources: Mapping[str, Resources] = {}
    if how == "split":
        problems = Problems(how)
        processes = {graph.nodes[nodes[0]].ros_name: tuple(nodes)
                     for nodes, _ in bound_groups(graph)}
    elif how == "fused":
        problems = Problems(how)
        processes = _place_as_wanted(graph, {}, problems)
    elif how:
        problems = Problems(how)
        file = PlacementFile(Path(how), graph, problems)
        hosts, resources = file.hosts, file.resources
        processes = _place_as_wanted(graph, file.wanted, problems)
        file.check_resources(processes)
    else:
        problems = Problems(graph.path)
        wanted = {node.id: node.process for node in graph.nodes.values() if node.process}
        processes = _place_as_wanted(graph, wanted, problems)
    resources = {name: found for name, nodes in processes.items()
                 if (found := _resources(graph, name, nodes, resources.get(name, Resources()),
                                         problems)) != Resources()}
    problems.raise_if_any()
    return Placement(processes, hosts, resources)


def _resources(graph: Graph, process: str, nodes: tuple[str, ...], found: Resources,
               problems: Problems) -> Resources:
    """Return what a process is to have: ``found`` in a file, and what its nodes ask for."""
    settled = set(found.as_dict())
    for id in nodes:
        node = graph.nodes[id]
        for name in node.resources.differing(found):
            if name not in settled:
                problems.add(f"process {process}: node {id} ({node.ros_name}) asks for {name} "
                             f"{node.resources.as_dict()[name]}, another of its nodes for "
                             f"{found.as_dict()[name]}; a placement file may say which")
        found = found.with_defaults(node.resources)
    return found


def _place_as_wanted(graph: Graph, wanted: Mapping[str, str], problems: Problems
                     ) -> dict[str, tuple[str, ...]]:
    process_of: dict[str, str] = {}
    for nodes, binding in bound_groups(graph):
        names = sorted({wanted[node] for node in nodes if node in wanted})
        apart = [node for node in nodes if graph.nodes[node].type.own_process]
        if apart and not names:
            names = [graph.nodes[apart[0]].ros_name]
        if len(names) > 1:
            links = "; ".join(f"{edge.type.name} {graph.edge_name(edge)}" for edge in binding)
            problems.add(f"nodes {', '.join(nodes)} are asked into different processes "
                         f"({', '.join(names)}), but cannot be separated: {links}")
        for node in nodes:
            process_of[node] = names[0] if names else FUSED_PROCESS
    order = dict.fromkeys(process_of[node] for node in graph.nodes)
    return {name: tuple(node for node in graph.nodes if process_of[node] == name)
            for name in order}
