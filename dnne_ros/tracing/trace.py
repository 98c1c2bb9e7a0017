"""A trace as it is made sense of: processes, nodes and edges, and what each node did, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dnne_ros.tracing.ring import Kind

BOUNDARY = "boundary"
"""The mark of a moment at which a graph stands still: a trainer is through with an update."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a node did, see `dnne_ros.tracing.ring.Record`; times in ns, the trace's own.

    ``port`` is empty for what is about no port.  ``blocked``: for how long there was no room for
    the item.  ``count``: how many items were taken.  ``waited``: the first had not come yet.
    """

    kind: Kind
    since: int
    began: int
    ended: int
    port: str = ""
    number: int = 0
    count: int = 1
    blocked: int = 0
    size: int = 0
    text: str = ""
    waited: bool = False

    @property
    def worked(self) -> int:
        """Return for how long the node worked before it."""
        return max(0, self.began - self.since)


@dataclass(frozen=True)
class EdgeInfo:
    """An edge; ``source`` and ``target`` are (node, port).

    ``trains``: what it hands over is a model that its target trains, and for whose next weights
    its source waits.
    """

    name: str
    source: tuple[str, str]
    target: tuple[str, str]
    policy: str
    capacity: int
    trains: bool = False


@dataclass(frozen=True)
class ProcessInfo:
    """A process that was recorded.

    ``epoch_ns``: the machine's time of day less its steady clock, as it was when recording began.
    """

    name: str
    pid: int
    host: str
    epoch_ns: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many items a port had seen at a time in ns, and how many waited there."""

    time: int
    number: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Event:
    """What a node, or ``""`` the process, said or was told at a time in ns.

    ``kind``: ``log``, ``fault``, ``health``, ``parameter``, ``parameters`` (all values, as JSON),
    ``loop`` or ``asked``.
    """

    time: int
    node: str
    kind: str
    text: str


@dataclass(frozen=True)
class Flight:
    """Why a flight record was kept.

    ``moment`` in ns of the machine's steady clock, ``time`` the same as time of day, in UTC;
    ``seconds``: for how long before it there is something.
    """

    reason: str
    moment: int
    time: str
    seconds: float


@dataclass
class Trace:
    """What was recorded of a graph.

    ``nodes`` says which process each is in, by name; ``acts`` what it did, in the order in which
    it ended.  ``every``: one item in so many is there.  ``outside``: nodes without inputs that
    wait for something outside the graph between two items, of which nothing is known.
    """

    graph: str
    every: int = 1
    processes: list[ProcessInfo] = field(default_factory=list)
    nodes: dict[str, ProcessInfo] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)
    edges: dict[str, EdgeInfo] = field(default_factory=dict)
    acts: dict[str, list[Act]] = field(default_factory=dict)
    start: int = -2**63
    """Before, not all is there."""
    notes: list[str] = field(default_factory=list)
    """What a reader should know: how clocks were aligned, what was cut off."""
    counts: dict[tuple[str, str, str], list[Count]] = field(default_factory=dict)
    """By node, port and ``input`` or ``output``: where it was now and then."""
    gaps: dict[ProcessInfo, list[tuple[int, int]]] = field(default_factory=dict)
    """From when to when nobody recorded the items of a process."""
    events: list[Event] = field(default_factory=list)
    """In order."""
    flight: Flight | None = None
    """None: somebody has asked for the trace before anything happened."""

    def marks(self, node: str, text: str) -> list[int]:
        """Return when a mark was set for a node."""
        return [act.began for act in self.acts.get(node, ())
                if act.kind is Kind.MARK and act.text == text]

    def learn(self, about: Mapping[str, Any]) -> None:
        """Take what a process says of the graph."""
        self.every = max(self.every, int(about["every"]))
        for name, type in about["nodes"].items():
            self.types[name] = str(type)
        self.outside.update(about["outside"])
        for edge in about["edges"]:
            self.edges[edge["name"]] = EdgeInfo(
                edge["name"], (edge["source"][0], edge["source"][1]),
                (edge["target"][0], edge["target"][1]), edge["policy"], int(edge["capacity"]),
                bool(edge["trains"]))

    def add(self, process: ProcessInfo, acts: Mapping[str, Iterable[Act]]) -> None:
        """Add what the nodes of a process did; one that was started again goes on."""
        self.processes.append(process)
        for node, done in acts.items():
            self.nodes[node] = process
            self.acts[node] = sorted(
                [*self.acts.get(node, ()), *(act for act in done if act.ended >= self.start)],
                key=lambda act: act.ended)

    def cut(self, start: int) -> None:
        """Leave out what ended before a time: of some process it is not there any more."""
        self.acts = {node: [act for act in acts if act.ended >= start]
                     for node, acts in self.acts.items()}
        self.start = max(self.start, start)

    def recent(self, most: int) -> Trace:
        """Return the newest acts, so many at the most, as a trace of its own.

        They go back to the last time that somebody did not look, at the most.
        """
        ends = sorted(act.ended for acts in self.acts.values() for act in acts)
        since = max((until for gaps in self.gaps.values() for _, until in gaps), default=0)
        if len(ends) > most:
            since = max(since, ends[-most])
        if not since:
            return self
        recent = replace(self, acts=dict(self.acts))
        recent.cut(since)
        return recent

    def unseen(self, node: str, since: int, until: int) -> int:
        """Return for how many ns of a time nobody recorded what a node did with items."""
        return sum(max(0, min(until, end) - max(since, begin))
                   for begin, end in self.gaps.get(self.nodes[node], ()))

    def span(self) -> tuple[int, int]:
        """Return when the first thing happened and the last; (0, 0) if nothing did."""
        first = min((acts[0].since for acts in self.acts.values() if acts), default=0)
        return first, max((acts[-1].ended for acts in self.acts.values() if acts), default=0)
