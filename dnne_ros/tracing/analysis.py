"""What ``dnne-ros trace analyze`` says of a trace."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.tracing.critical_path import EDGE, WORK, Part, critical_path
from dnne_ros.tracing.dependencies import Dependencies
from dnne_ros.tracing.figures import (
    EdgeFigures,
    NodeFigures,
    as_json,
    edge_figures,
    node_figures,
)
from dnne_ros.tracing.loops import pace_nodes
from dnne_ros.tracing.trace import Trace
from dnne_ros.tracing.what_if import Replay

_LEAST_SHARE = 0.01
"""Below, nobody is told what a faster part would bring."""
_TWICE = 2.0
MOST_STEPS = 20_000
"""How many steps, the newest, the critical path is looked for in: each is played many times."""


@dataclass(frozen=True)
class PathPart:
    """A part of the critical path, and how much more would go through if it were faster.

    ``share`` of the path's time.  Gains: 0.5 is half more; None where nothing can be said.
    """

    part: Part
    share: float
    seconds: float
    twice_as_fast: float | None
    instant: float | None


@dataclass(frozen=True)
class Analysis:
    """The figures of a trace.

    ``paced``: the nodes whose pace the critical path is of; ``loop``: they are a loop.  The
    ``path`` is empty where not each item was recorded, as what lies between is not known then.
    """

    trace: Trace
    seconds: float
    nodes: list[NodeFigures]
    edges: list[EdgeFigures]
    paced: list[str]
    loop: bool
    path: list[PathPart]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "graph": self.trace.graph, "seconds": self.seconds, "every": self.trace.every,
            "notes": self.trace.notes, "flight": _flight(self.trace),
            "nodes": as_json(self.nodes), "edges": as_json(self.edges),
            "critical_path": {"loop": self.loop, "of": self.paced, "parts": [
                {"kind": part.part.kind, "name": part.part.name, "share": part.share,
                 "seconds": part.seconds, "gain_if_twice_as_fast": part.twice_as_fast,
                 "gain_if_instant": part.instant} for part in self.path]}}


def analyze(trace: Trace) -> Analysis:
    """Make sense of a trace; `InputError` if nothing happened in it.

    A flight record says something without items, too.
    """
    dependencies = Dependencies(trace)
    if not dependencies.steps and trace.flight is None:
        raise InputError("trace", ["no item was recorded"])
    recent = Dependencies(trace.recent(MOST_STEPS))
    paced, loop = pace_nodes(trace)
    first, last = trace.span()
    return Analysis(trace, 1e-9 * (last - first), node_figures(trace, dependencies),
                    edge_figures(trace), paced, loop,
                    _path(recent, paced) if recent.steps and trace.every == 1 else [])


def _path(recent: Dependencies, paced: list[str]) -> list[PathPart]:
    """Return the parts of the critical path to the last step of the nodes that set the pace."""
    end = last_step(recent, paced)
    path = critical_path(recent, end)
    replay = Replay(recent, end)
    parts = []
    for part, ns in path.shares.most_common():
        share = ns / path.length
        known = part.kind in (WORK, EDGE) and share >= _LEAST_SHARE
        parts.append(PathPart(
            part, share, 1e-9 * ns, replay.gain(part, _TWICE) if known else None,
            replay.gain(part, math.inf) if known else None))
    return parts


def last_step(recent: Dependencies, paced: list[str]) -> int:
    """Return the number of the last step of the nodes that set the pace."""
    ends = [number for node in paced if (number := recent.last_of(node)) is not None]
    return max(ends, default=len(recent.steps) - 1)


def _flight(trace: Trace) -> dict[str, Any] | None:
    """Return why a flight record was kept and what its nodes said, as JSON values."""
    flight = trace.flight
    if flight is None:
        return None
    return {"reason": flight.reason, "time": flight.time, "events": [
        {"seconds": 1e-9 * (event.time - flight.moment), "node": event.node, "kind": event.kind,
         "text": event.text} for event in trace.events],
        "ports": [{"node": node, "port": port, "direction": direction,
                   "items": counts[-1].number, "waiting": counts[-1].waiting}
                  for (node, port, direction), counts in sorted(trace.counts.items()) if counts]}
