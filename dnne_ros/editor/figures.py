"""What a page is told of a run: its state, and each second what its nodes and links do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from dnne_ros.editor.drawn_graph import DrawnGraph
from dnne_ros.editor.run import Run, State
from dnne_ros.top.state import Entry, GraphState, is_stale

_ARROW = " → "
_OF_NODES = ("taken", "taken_per_s", "sent", "sent_per_s", "cpu_percent", "process")
_OF_EDGES = ("capacity", "depth", "blocked_percent", "sent", "sent_per_s", "received",
             "received_per_s", "lost", "dropped", "duplicated", "latency_ms", "latency_max_ms",
             "policy", "transport")


def summary(run: Run, known_points: int = 0) -> dict[str, Any]:
    """Return what is known of a run; of its curve, what comes behind the ``known_points``."""
    trainers = [run.drawn.shown_at[id] for id, node in run.drawn.graph.nodes.items()
                if node.type.announces_boundaries]
    return {
        "id": run.id, "number": run.number, "name": run.drawn.name,
        "graph": run.drawn.namespace, "drawing": run.drawn.document.get("id"),
        "state": run.state.value,
        "started": run.started, "ended": run.ended, "expected_end": run.expected_end,
        "reason": run.reason, "failure": run.failure, "failed_node": run.failed_node,
        "checkpoint": run.checkpoint, "last_lines": run.last_lines if run.failure else [],
        "metrics": {name: value for name, value in run.metrics.items()
                    if isinstance(value, (int, float))},
        "trainers": trainers, "known_points": known_points, "curve": run.curve[known_points:]}


def figures(run: Run, graph: GraphState | None, since: float) -> dict[str, Any]:
    """Return what each node and link of the drawing did in the last second.

    What was heard before ``since`` is of an earlier run.
    """
    now = time.monotonic()

    def counts(entry: Entry) -> bool:
        return entry.heard > since and not is_stale(entry, now)

    nodes: dict[str, dict[str, Any]] = {}
    edges: list[dict[str, Any]] = []
    if graph is not None:
        for name, entry in graph.nodes.items():
            id = run.drawn.id_of.get(name)
            if id is not None and counts(entry):
                shown = run.drawn.shown_at[id]
                nodes[shown] = _joined(nodes.get(shown), entry)
        for name, entry in graph.edges().items():
            ends = _ends(name, run.drawn)
            if ends is not None and counts(entry):
                edges.append({**ends, "name": name, "level": entry.level.name,
                              "message": entry.message,
                              **{key: entry.values[key] for key in _OF_EDGES
                                 if key in entry.values}})
    return {"run": run.id, "nodes": nodes, "edges": edges}


def progress_state(run: Run, nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return which nodes are lit: those that moved items in the last second."""
    lit = {id for id, node in nodes.items() if node["taken_per_s"] or node["sent_per_s"]}
    if run.state is State.STARTING:
        lit = set(run.drawn.shown_at.values())
    states = dict.fromkeys(sorted(lit), "running")
    if run.failed_node:
        states[run.failed_node] = "error"
    value, most = _progress(run)
    return {"prompt_id": run.id, "nodes": {id: {
        "value": value, "max": most, "state": state, "node_id": id, "prompt_id": run.id,
        "display_node_id": id, "real_node_id": id,
        "parent_node_id": id.rpartition(":")[0] or None} for id, state in states.items()}}


def _progress(run: Run) -> tuple[float, float]:
    """Return how far a run is, of how much, where that is known."""
    metrics = run.metrics
    if "max_epochs" in metrics and "epoch" in metrics:
        return float(metrics["epoch"]), max(1.0, float(metrics["max_epochs"]))
    if run.started is not None and run.duration:
        return min(time.time() - run.started, run.duration), run.duration
    return 0.0, 1.0


def _joined(known: Mapping[str, Any] | None, entry: Entry) -> dict[str, Any]:
    """Return the figures of a node; of several that are shown as one, the sums."""
    found = {key: entry.values[key] for key in _OF_NODES if key in entry.values}
    found = {"taken_per_s": 0, "sent_per_s": 0, **found,
             "level": entry.level.name, "message": entry.message}
    if known is None:
        return found
    return {**found, **{key: known[key] + found[key]
                        for key in ("taken_per_s", "sent_per_s")},
            **({"level": known["level"], "message": known["message"]}
               if known["level"] != "OK" else {})}


def _ends(name: str, drawn: DrawnGraph) -> dict[str, Any] | None:
    source, arrow, target = name.partition(_ARROW)
    found = {}
    for end, text in (("source", source), ("target", target)):
        node, _, port = text.rpartition("/")
        id = drawn.id_of.get(node)
        if not arrow or (id is None and end == "target"):
            return None
        found[end] = [id, port]
    return found
