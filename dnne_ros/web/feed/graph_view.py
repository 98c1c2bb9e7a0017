"""A running graph as JSON: its nodes, its links with their figures, its processes."""

from __future__ import annotations

from typing import Any

from dnne_ros.node_api.health import Level
from dnne_ros.top.state import Entry, GraphState, is_stale

_ARROW = " → "


def graph_view(graph: GraphState, now: float) -> dict[str, Any]:
    """Return what is known of a graph at time ``now``.

    A link whose source is no node comes from another ROS node; its source is the topic.
    """
    edges = graph.edges()
    entries = [*graph.nodes.values(), *edges.values()]
    processes = graph.processes(now)
    return {
        "namespace": graph.namespace,
        "silent": round(now - graph.heard(), 1),
        "stale": not processes,
        "level": max((entry.level for entry in entries), default=Level.OK).name,
        "processes": processes, "expected": max(graph.expected, len(processes)),
        "nodes": [_view(name, entry, now) for name, entry in graph.nodes.items()],
        "edges": [{**_view(name, entry, now), **_ends(name)} for name, entry in edges.items()]}


def _view(name: str, entry: Entry, now: float) -> dict[str, Any]:
    return {"name": name, "level": entry.level.name, "message": entry.message,
            "stale": is_stale(entry, now), "values": entry.values}


def _ends(name: str) -> dict[str, str]:
    source, _, target = name.partition(_ARROW)
    source_node, _, output = (source, "", "") if source.startswith("/") \
        else source.rpartition("/")
    target_node, _, input_name = target.rpartition("/")
    return {"source": source_node, "output": output, "target": target_node, "input": input_name}
