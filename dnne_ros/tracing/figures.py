"""Figures of nodes and edges: throughput, latency, what their time went into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from dnne_ros.tracing.dependencies import Dependencies, Step
from dnne_ros.tracing.matching import Matches
from dnne_ros.tracing.ring import Kind
from dnne_ros.tracing.trace import Act, EdgeInfo, Trace

_MS = 1e-6
_S = 1e-9
_FEW = 3
"""Fewer items have no rate."""


@dataclass(frozen=True)
class Spread:
    """The median of some times, the one that 99 % do not exceed, and the longest, in ms."""

    p50: float
    p99: float
    max: float

    @classmethod
    def of(cls, times: Iterable[int]) -> Spread | None:
        """Return that of times in ns; None if there are none."""
        ordered = sorted(times)
        if not ordered:
            return None
        last = len(ordered) - 1
        return cls(*(_MS * ordered[round(part * last)] for part in (0.5, 0.99, 1.0)))


@dataclass(frozen=True)
class NodeFigures:
    """What a node did; shares are of the time that was recorded of it.

    ``work``: how long it worked before each thing that it gave or, giving nothing, before it asked
    for the next item.  ``utilisation``: the share in which it worked, ``waiting`` for items,
    ``blocked`` for room, ``resting`` for a time or for something outside.  ``period`` and
    ``jitter``, of a node that keeps a rate: the time between two outputs, and how far it was off
    its median.
    """

    name: str
    type: str
    process: str
    taken_per_s: float
    sent_per_s: float
    work: Spread | None
    utilisation: float
    waiting: float
    blocked: float
    resting: float
    period: Spread | None
    jitter: Spread | None


@dataclass(frozen=True)
class EdgeFigures:
    """What went along an edge.

    ``latency``: from when there was room for an item, and its sender handed it over, to when it
    was taken.  ``waiting``: how much of its receiver's time it was waited for; ``blocked``: how
    much of its sender's time went into waiting for room on it.  ``bytes_per_s``: None where sizes
    are not known.
    """

    name: str
    items: int
    items_per_s: float
    bytes_per_s: float | None
    latency: Spread | None
    waiting: float
    blocked: float


def node_figures(trace: Trace, dependencies: Dependencies) -> list[NodeFigures]:
    """Return the figures of all nodes that did anything."""
    steps: dict[str, list[Step]] = {}
    for step in dependencies.steps:
        steps.setdefault(step.node, []).append(step)
    return [_node(trace, node, done) for node, done in sorted(steps.items())]


def edge_figures(trace: Trace) -> list[EdgeFigures]:
    """Return the figures of all edges of which items were recorded at both ends."""
    matches = Matches(trace)
    blocked = _blocked(trace, matches)
    return [_edge(trace, edge, pairs, blocked.get(edge.name, 0))
            for edge in trace.edges.values() if (pairs := matches.pairs(edge))]


def as_json(figures: Iterable[NodeFigures | EdgeFigures]) -> list[dict[str, Any]]:
    """Return figures as JSON values; times are in ms."""
    return [asdict(each) for each in figures]


def _whole(trace: Trace, node: str) -> int:
    """Return of how many ns of a node is known what it did.

    That is as far back as the records of its process go; of a sample, what was recorded of it.
    """
    if trace.every == 1:
        peers = [acts for name, acts in trace.acts.items()
                 if trace.nodes[name] == trace.nodes[node] and acts]
        since = min(acts[0].since for acts in peers)
        until = max(acts[-1].ended for acts in peers)
        whole = until - since - trace.unseen(node, since, until)
    else:
        whole = sum(max(0, act.ended - act.since) for act in trace.acts[node])
    return max(1, whole)


def _node(trace: Trace, node: str, steps: Sequence[Step]) -> NodeFigures:
    acts = [step.act for step in steps]
    whole = _whole(trace, node)
    working = [step for step in steps
               if step.holds and node not in trace.outside and step.worked > 0]
    waits = sum(act.ended - act.began for act in acts
                if act.kind is Kind.WAITED or (act.kind is Kind.TAKEN and act.waited))
    work, room = sum(step.worked for step in working), sum(act.blocked for act in acts)
    rest = sum(act.ended - act.began for act in acts if act.kind is Kind.RESTED) \
        + sum(step.worked for step in steps if step.worked > 0) - work
    sent = [act for act in acts if act.kind is Kind.SENT]
    taken = [act for act in acts if act.kind is Kind.TAKEN]
    keeps_rate = any(act.kind is Kind.RESTED for act in acts)
    periods = _periods(trace, node, sent or taken) if keeps_rate else []
    median = sorted(periods)[len(periods) // 2] if periods else 0
    return NodeFigures(
        node, trace.types.get(node, ""), trace.nodes[node].name, _rate(trace, node, taken),
        _rate(trace, node, sent), Spread.of(step.worked for step in working
                                            if not sent or step.act.kind is Kind.SENT),
        work / whole, min(1.0, waits / whole), min(1.0, room / whole), min(1.0, rest / whole),
        Spread.of(periods), Spread.of(abs(period - median) for period in periods))


def _periods(trace: Trace, node: str, acts: Sequence[Act]) -> list[int]:
    """Return the times between what a node did at its first port."""
    first = [act for act in acts if act.port == acts[0].port]
    return [after.began - act.began for act, after in pairwise(first)
            if not trace.unseen(node, act.began, after.began)]


def _rate(trace: Trace, node: str, acts: Sequence[Act]) -> float:
    """Return how many items a second went through while it was recorded."""
    if len(acts) < _FEW:
        return 0.0
    seconds = _seen(trace, node, acts[0].ended, acts[-1].ended)
    return trace.every * sum(act.count for act in acts[1:]) / seconds if seconds > 0 else 0.0


def _seen(trace: Trace, node: str, since: int, until: int) -> float:
    """Return for how many seconds of a time it was recorded what a node did."""
    return _S * (until - since - trace.unseen(node, since, until))


def _blocked(trace: Trace, matches: Matches) -> dict[str, int]:
    """Return for how many ns each edge held its sender up."""
    found: dict[str, int] = {}
    for node, acts in trace.acts.items():
        for act in acts:
            if act.kind is Kind.SENT and act.blocked \
                    and (room := matches.room(node, act)) is not None:
                found[room[0].name] = found.get(room[0].name, 0) + act.blocked
    return found


def _edge(trace: Trace, edge: EdgeInfo, pairs: Sequence[tuple[Act, Act]], blocked: int
          ) -> EdgeFigures:
    taken = [act for _, act in pairs]
    seconds = _seen(trace, edge.target[0], taken[0].ended, taken[-1].ended)
    rate = trace.every * (len(pairs) - 1) / seconds if seconds > 0 and len(pairs) >= _FEW else 0.0
    sizes = [sent.size for sent, _ in pairs]
    source, target = (_whole(trace, end[0]) for end in (edge.source, edge.target))
    waits = sum(act.ended - act.began for act in trace.acts[edge.target[0]]
                if act.kind is Kind.TAKEN and act.waited and act.port == edge.target[1])
    return EdgeFigures(
        edge.name, len(pairs), rate, rate * sum(sizes) / len(sizes) if all(sizes) else None,
        Spread.of(max(0, act.ended - sent.began - sent.blocked) for sent, act in pairs),
        min(1.0, waits / target), min(1.0, blocked / source))
