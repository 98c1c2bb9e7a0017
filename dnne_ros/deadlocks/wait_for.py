"""Who waits for whom in a graph in which nothing moves: a wait-for graph, as of a deadlock.

See Coffman et al., "System Deadlocks", 1971, and Holt, "Some Deadlock Properties of Computer
Systems", 1972.  Nodes that wait for each other, for one that gives nothing more, or for a clock
that stands, stay as they are; those that wait for the world outside, for time or for code that
still runs may go on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Cause(str, Enum):
    """Why a node does nothing."""

    NODES = "nodes"
    """It waits for other nodes: for an item, or for room on an edge."""
    CLOCK = "clock"
    """It waits for ``/clock``, which stands."""
    THROUGH = "through"
    """It has done all that it had to do."""
    OUTSIDE = "outside"
    """It waits for a topic of others."""
    TIME = "time"
    """It sleeps and will wake up."""
    CODE = "code"
    """It is in code of its own: computes, or waits for something that nobody else knows of."""
    SILENT = "silent"
    """Its process gives no sign of life."""
    MOVES = "moves"
    """It has just taken or given an item."""


MAY_GO_ON = frozenset({Cause.OUTSIDE, Cause.TIME, Cause.CODE, Cause.SILENT, Cause.MOVES})
"""What may end without another node of the graph."""


@dataclass(frozen=True)
class NodeWait:
    """What one node waits for: ``reasons`` in words, ``peers`` the nodes that could end it.

    ``since``: for how many seconds it has neither taken nor given an item.
    """

    node: str
    cause: Cause
    reasons: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    since: float = 0.0

    @property
    def text(self) -> str:
        """Return a line about it."""
        return f"{self.node} {' and '.join(self.reasons)}, for {self.since:.0f} s"

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values, for another process."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NodeWait:
        """Read what `as_dict` gave; ValueError, KeyError or TypeError if it is none."""
        return cls(str(values["node"]), Cause(values["cause"]),
                   tuple(map(str, values["reasons"])), tuple(map(str, values["peers"])),
                   float(values["since"]))


class WaitForGraph:
    """The nodes of a graph and what each waits for."""

    def __init__(self, waits: Iterable[NodeWait]):
        """Look at ``waits``, one for each node."""
        self.waits = {wait.node: wait for wait in waits}

    @property
    def seconds(self) -> float:
        """Return for how long no node has moved."""
        return min((wait.since for wait in self.waits.values()
                    if wait.cause is not Cause.SILENT), default=0.0)

    @property
    def moves(self) -> bool:
        """Tell whether a node moves."""
        return any(wait.cause is Cause.MOVES for wait in self.waits.values())

    def causes(self, node: str) -> set[Cause]:
        """Return what a node waits for in the end: its own cause, and those of its peers."""
        found: set[Cause] = set()
        seen, left = {node}, [node]
        while left:
            wait = self.waits.get(left.pop())
            if wait is None:
                continue
            if wait.cause is not Cause.NODES:
                found.add(wait.cause)
            left += [peer for peer in wait.peers if peer not in seen]
            seen.update(wait.peers)
        return found

    def stuck(self) -> list[str]:
        """Return the nodes that wait, and nothing but the end of the run will change that."""
        return [node for node, wait in self.waits.items()
                if wait.cause in (Cause.NODES, Cause.CLOCK)
                and not self.causes(node) & MAY_GO_ON]

    def deadlocked(self, seconds: float) -> list[str]:
        """Return those of `stuck` that wait for each other or a clock, for so many seconds.

        Who waits for a node that is through may have what it needs.
        """
        return [node for node in self.stuck() if self.waits[node].since >= seconds
                and Cause.THROUGH not in self.causes(node)]

    def at_work(self) -> list[str]:
        """Return those that are in code of their own, or of which nothing is heard."""
        return [node for node, wait in self.waits.items()
                if wait.cause in (Cause.CODE, Cause.SILENT)]

    def cycle(self) -> list[str]:
        """Return nodes each of which waits for the next, and the last for the first; or []."""
        done: set[str] = set()
        for start in self.waits:
            path: list[str] = []
            ways = [iter((start,))]
            while ways:
                node = next(ways[-1], None)
                if node is None:
                    ways.pop()
                    if path:
                        done.add(path.pop())
                elif node in path:
                    return path[path.index(node):]
                elif node in self.waits and node not in done:
                    path.append(node)
                    ways.append(iter(self.waits[node].peers))
        return []

    def lines(self, nodes: Collection[str]) -> list[str]:
        """Return the picture: the cycle if there is one, then a line for each of ``nodes``."""
        lines = [wait.text for node, wait in self.waits.items() if node in nodes]
        cycle = self.cycle()
        if cycle:
            lines.insert(0, f"in a circle: {' waits for '.join([*cycle, cycle[0]])}")
        return lines
