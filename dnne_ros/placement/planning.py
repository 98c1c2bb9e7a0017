"""Makes a placement: fused, split, from a file, or as the workflow itself asks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from dnne_ros.errors import InputError, Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.graph.names import to_ros_name
from dnne_ros.placement.placement import Placement, bound_groups

FUSED_PROCESS = "main"


def place(graph: Graph, how: str = "") -> Placement:
    """Return the placement that ``how`` asks for.

    ``fused``: one process, but for node types that ask for one of their own (``own_process``) and
    are given no other.  ``split``: as many as the port types allow.  The path of a YAML or
    JSON file ``{"processes": {"sim": [1, 4], "learn": ["ppo_agent_3", 6]}}``: those, and what
    it leaves out in ``main``.  Empty: as nodes of the workflow ask (``process`` in their
    options), else fused.  Raises `InputError` naming every node that does not fit.
    """
    if how == "split":
        return Placement({graph.nodes[nodes[0]].ros_name: tuple(nodes)
                          for nodes, _ in bound_groups(graph)})
    if how == "fused":
        problems = Problems(how)
        wanted: dict[str, str] = {}
    elif how:
        problems = Problems(how)
        wanted = _read_file(Path(how), graph, problems)
    else:
        problems = Problems(graph.path)
        wanted = {node.id: node.process for node in graph.nodes.values() if node.process}
    placement = _place_as_wanted(graph, wanted, problems)
    problems.raise_if_any()
    return placement


def _read_file(path: Path, graph: Graph, problems: Problems) -> dict[str, str]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(str(path), [
            f"cannot read the placement: {error.strerror}; expected fused, split or a file",
        ]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date of month 99, say
        said = " ".join(str(error).split())
        raise InputError(str(path), [f"neither YAML nor JSON: {said}"]) from None
    processes = document.get("processes") if isinstance(document, Mapping) else None
    if not isinstance(processes, Mapping):
        raise InputError(str(path), ['expected {"processes": {NAME: [NODE, …]}}'])
    wanted: dict[str, str] = {}
    by_name = {node.ros_name: id for id, node in graph.nodes.items()}
    for name, members in processes.items():
        if not isinstance(name, str) or name != to_ros_name(name):
            problems.add(f"process {name!r:.40} is not a legal name; expected lower-case letters, "
                         "digits and single underscores")
        if not isinstance(members, list):
            problems.add(f"process {name!r:.40}: expected a list of nodes")
            continue
        for member in members:
            node = by_name.get(str(member), str(member))
            if node not in graph.nodes:
                known = ", ".join(f"{id} ({n.ros_name})" for id, n in graph.nodes.items())
                problems.add(f"process {name!r:.40}: no node {member!r:.40}; there are {known}")
            elif wanted.setdefault(node, str(name)) != str(name):
                problems.add(f"node {node} is in two processes: {wanted[node]} and {name}")
    return wanted


def _place_as_wanted(graph: Graph, wanted: Mapping[str, str], problems: Problems) -> Placement:
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
    return Placement({name: tuple(node for node in graph.nodes if process_of[node] == name)
                      for name in order})
