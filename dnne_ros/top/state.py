"""What ``dnne-ros top`` knows of running graphs: all of it from ``/diagnostics``.

The two ends of an edge between processes come from two processes; here they are one edge again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dnne_ros.errors import printable
from dnne_ros.node_api.health import Level
from dnne_ros.runtime.monitoring.diagnostics import MARK, PERIOD

STALE_SECONDS = 3 * PERIOD
"""Who has not been heard for so long may be gone."""
_FORGET_SECONDS = 60.0
_NUMBERS = {
    "processes", "pid", "cpu_percent", "taken", "taken_per_s", "sent", "sent_per_s", "capacity",
    "depth", "blocked_percent", "blocked_s", "received", "received_per_s", "lost", "duplicated",
    "dropped", "latency_ms", "latency_max_ms", "replicas", "keys"}
_ADDED_UP = {"duplicated", "dropped"}
"""What each end counts of other items."""


@dataclass
class Entry:
    """One status: a node, or what one process knows of an edge."""

    level: Level
    message: str
    values: dict[str, Any]
    heard: float


@dataclass
class GraphState:
    """The nodes of a graph by name, and its edges by name and end."""

    namespace: str
    nodes: dict[str, Entry] = field(default_factory=dict)
    ends: dict[str, dict[str, Entry]] = field(default_factory=dict)

    def edges(self) -> dict[str, Entry]:
        """Return the edges by name, the ends of each put together."""
        return {name: _join(ends) for name, ends in self.ends.items()}

    def heard(self) -> float:
        """Return when anything of the graph was heard last."""
        return max(entry.heard for entry in self._entries())

    def processes(self, now: float) -> dict[str, float]:
        """Return the CPU use of each process that is not stale, in percent of one core."""
        return {entry.values.get("process", ""): entry.values.get("cpu_percent", 0.0)
                for entry in self.nodes.values() if not is_stale(entry, now)}

    def paused(self, now: float) -> str:
        """Return who has paused the run, as those say that are not stale; "" if it goes on."""
        return next((str(entry.values["paused"]) for entry in self.nodes.values()
                     if "paused" in entry.values and not is_stale(entry, now)), "")

    @property
    def expected(self) -> int:
        """How many processes the graph says that it has; 0 if it does not say."""
        newest = max(self.nodes.values(), key=lambda entry: entry.heard)
        return int(newest.values.get("processes", 0))

    @property
    def silent(self) -> int:
        """How many of its processes have not been heard."""
        speaking = {entry.values.get("process") for entry in self.nodes.values()}
        return max(0, self.expected - len(speaking))

    def forget(self, before: float) -> None:
        """Drop what was last heard before a time."""
        self.nodes = {k: v for k, v in self.nodes.items() if v.heard >= before}
        for name in list(self.ends):
            self.ends[name] = {k: v for k, v in self.ends[name].items() if v.heard >= before}
            if not self.ends[name]:
                del self.ends[name]

    def _entries(self) -> list[Entry]:
        return [*self.nodes.values(), *(end for ends in self.ends.values()
                                        for end in ends.values())]

    def as_dict(self, now: float) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"namespace": self.namespace, **{
            kind: [{"name": name, "level": entry.level.name, "message": entry.message,
                    **entry.values, "stale": is_stale(entry, now)}
                   for name, entry in entries.items()]
            for kind, entries in (("nodes", self.nodes), ("edges", self.edges()))}}


class TopState:
    """All graphs that are heard, by namespace."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.graphs: dict[str, GraphState] = {}

    def note(self, array: Any, now: float) -> None:
        """Take a ``DiagnosticArray`` at time ``now`` in seconds; what is not ours is skipped.

        Anybody may publish there, so it holds no order for the terminal.
        """
        for status in array.status:
            values: dict[str, Any] = {pair.key: printable(pair.value) for pair in status.values}
            kind = values.pop(MARK, "")
            if kind not in ("node", "edge") or not _read_numbers(values):
                continue
            entry = Entry(Level(min(status.level[0], Level.STALE)), printable(status.message),
                          values, now)
            namespace = printable(status.hardware_id)
            if kind == "node":
                graph = self.graphs.setdefault(namespace, GraphState(namespace))
                graph.nodes[printable(status.name).removeprefix(f"{namespace}/")] = entry
            elif namespace in self.graphs and "edge" in values:
                ends = self.graphs[namespace].ends.setdefault(values.pop("edge"), {})
                ends[values.pop("end", "both")] = entry

    def forget(self, now: float) -> None:
        """Drop what has been silent for a minute."""
        for namespace, graph in list(self.graphs.items()):
            graph.forget(now - _FORGET_SECONDS)
            if not graph.nodes:
                del self.graphs[namespace]


def is_stale(entry: Entry, now: float) -> bool:
    """Tell whether an entry is too old to be believed."""
    return now - entry.heard > STALE_SECONDS


def _read_numbers(values: dict[str, Any]) -> bool:
    """Turn texts into the numbers that they ought to be; False where one makes no sense."""
    for key in _NUMBERS & values.keys():
        try:
            number = float(values[key])
        except ValueError:
            return False
        if not math.isfinite(number):
            return False
        values[key] = int(number) if number.is_integer() else number
    return True


def _join(ends: Mapping[str, Entry]) -> Entry:
    """Return one entry for an edge: counters of either end, the worse level with its message."""
    newest = max(end.heard for end in ends.values())
    # A graph that was started again in another placement leaves ends behind that are over.
    current = {which: end for which, end in ends.items() if newest - end.heard <= STALE_SECONDS}
    values: dict[str, Any] = {}
    for which, end in current.items():
        for key, value in end.values.items():
            if key == "process":
                roles = ("sender", "receiver") if which == "both" else (which,)
                values.update({f"{role}_process": value for role in roles})
            elif key == "transport":  # one end may have seen an item that the other has not
                names = dict.fromkeys((*values.get(key, value).split("+"), *value.split("+")))
                values[key] = "+".join(names)
            else:
                known = values.get(key, 0)
                values[key] = known + value if key in _ADDED_UP else max(known, value) \
                    if key == "depth" else value
    worst = max(current.values(), key=lambda end: end.level)
    return Entry(worst.level, worst.message, values, newest)
