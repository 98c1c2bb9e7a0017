"""What an edge counts."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from dnne_ros.metrics.histogram import Histogram
from dnne_ros.transport.policy import EdgePolicy

_SMOOTHING = 0.1


@dataclass
class EdgeStats:
    """Counters of one edge; each end keeps those that it sees, and a report adds them up.

    ``received``: items that a node has taken, each once.  ``duplicated``: items that came once
    more, as an end of the edge was started again or they were taken for lost; a node that has
    had them gets them no more, unless it is new.  ``depth``: items that wait to be taken, now.
    ``latency_s``: time from hand-over to taking, smoothed over a sample of the items;
    ``latency_max_s`` the longest of them.  ``blocked_since``: since when the sender waits for
    this edge (`time.perf_counter`).  ``carried``: how many items went by which carrier
    (`local`, `socket`, …).  ``same_clock``: both ends are on one machine; between two the time on
    the way is not known, as their clocks differ.  ``latencies`` counts those of the sample by
    their length, where somebody wants that.
    """

    sent: int = 0
    received: int = 0
    lost: int = 0
    duplicated: int = 0
    dropped: int = 0
    blocked_s: float = 0.0
    depth: int = 0
    latency_s: float = 0.0
    latency_max_s: float = 0.0
    blocked_since: float | None = None
    carried: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    same_clock: bool = True
    latencies: Histogram | None = None

    def transport(self, otherwise: str) -> str:
        """Return what has carried the items: ``socket``, or ``socket+dds``, the busiest first.

        ``otherwise``: what to say before the first item.
        """
        return joined(self.carried) or otherwise

    def block(self) -> None:
        """Note that the sender waits for this edge from now on."""
        if self.blocked_since is None:
            self.blocked_since = time.perf_counter()

    def unblock(self) -> None:
        """Note that the sender does not wait for this edge any more."""
        if self.blocked_since is not None:
            self.blocked_s += time.perf_counter() - self.blocked_since
            self.blocked_since = None

    def took(self, seconds: float, count: int = 1) -> None:
        """Note how long ``count`` items were on their way, each."""
        kept = (1.0 - _SMOOTHING) ** count if self.latency_s else 0.0
        self.latency_s = seconds + kept * (self.latency_s - seconds)
        self.latency_max_s = max(self.latency_max_s, seconds)
        if self.latencies is not None:
            self.latencies.add(seconds, count)

    def as_dict(self) -> dict[str, Any]:
        """Return the counters by name, and the latency if it is known.

        The time blocked includes a wait that goes on.
        """
        waiting = 0.0 if self.blocked_since is None else time.perf_counter() - self.blocked_since
        latency = {"latency_s": self.latency_s, "latency_max_s": self.latency_max_s} \
            if self.same_clock else {}
        return {"sent": self.sent, "received": self.received, "lost": self.lost,
                "duplicated": self.duplicated, "dropped": self.dropped,
                "blocked_s": self.blocked_s + waiting, "depth": self.depth, **latency,
                "carried": dict(self.carried)}


class CountingEnd(Protocol):
    """What counts at one end of an edge, or at both."""

    policy: EdgePolicy

    @property
    def transport(self) -> str:
        """What has carried the items; before the first, what would carry it."""
        ...

    @property
    def stats(self) -> EdgeStats:
        """The counters as they are now."""
        ...


def joined(carried: Mapping[str, int]) -> str:
    """Return the names of carriers, that of the most items first: ``socket+dds``."""
    return "+".join(sorted(carried, key=lambda name: -carried[name]))
