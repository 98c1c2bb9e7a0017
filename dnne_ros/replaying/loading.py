"""The graph of a recording: its own, or another that is held against it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.errors import InputError, Problems
from dnne_ros.graph.building import build_graph
from dnne_ros.graph.edge_settings import Setting, apply_settings
from dnne_ros.graph.graph import Graph, GraphNode
from dnne_ros.node_api.widget import WidgetError
from dnne_ros.recording.recording import Recording
from dnne_ros.workflow.reading import parse_workflow, read_workflow


def graph_of(recording: Recording, path: str, catalogue: Catalogue, settings: Sequence[Setting],
             workflow: str | None) -> Graph:
    """Return the graph of a recording with the values that its nodes had, or that of ``workflow``.

    ``settings`` change either.  `InputError` if there is none, or if anything is wrong with it.
    """
    if workflow is not None:
        return graph_in(workflow, catalogue, settings)
    if recording.workflow is None:
        raise InputError(path, ["expected a recording with its workflow, found none in it: name "
                                "the file with --workflow"])
    try:
        document: Any = json.loads(recording.workflow)
    except (ValueError, RecursionError) as error:
        raise InputError(path, [f"its workflow is not JSON: {error}"]) from None
    read, problems = parse_workflow(document, recording.run.get("name", "graph"),
                                    recording.run.get("path", path), catalogue.signature)
    graph = build_graph(read, catalogue, problems)
    problems = Problems(path)
    values = {id: _recorded_values(node, recording, problems) for id, node in graph.nodes.items()}
    nodes = graph.nodes
    apply_settings(settings, {id: node.type for id, node in nodes.items()},
                   {id: node.ros_name for id, node in nodes.items()}, values,
                   {id: dict(node.faults) for id, node in nodes.items()}, problems)
    problems.raise_if_any()
    return replace(graph, nodes={id: replace(node, values=values[id])
                                 for id, node in nodes.items()})


def graph_in(workflow: str, catalogue: Catalogue, settings: Sequence[Setting]) -> Graph:
    """Return the graph in a workflow file; `InputError` if anything is wrong with it."""
    read, problems = read_workflow(workflow, catalogue.signature)
    return build_graph(read, catalogue, problems, settings)


def _recorded_values(node: GraphNode, recording: Recording, problems: Problems) -> dict[str, Any]:
    """Return the values that a node had, those of ROS parameters included."""
    values = dict(node.values)
    recorded = recording.nodes.get(node.ros_name)
    for name, value in (recorded.values if recorded is not None else {}).items():
        if name in node.type.widgets:
            try:
                values[name] = node.type.widgets[name].check(value)
            except WidgetError as error:
                problems.add(f"widget {name!r} in the recording: {error}", node=node.id,
                             type=node.type.type_name, title=node.title)
    return values
