"""What a producer knows of a consumer in another process."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from dnne_ros.transport.policy import EdgePolicy, WhenAbsent
from dnne_ros.transport.stats import EdgeStats
from dnne_ros.transport.unix_channel import UnixChannel

BYTES_IN_FLIGHT = 64 * 2**20
"""A consumer that has this much to take yet is full, whatever its capacity; one item may be
larger."""


@dataclass(eq=False)
class Consumer:
    """A planned consumer and how far it has come; see `Credit` for the counts.

    ``incarnation`` 0: not heard of yet.  ``first``: the number that its present incarnation is
    to begin with.  ``bytes_to_take`` counts large items only.  ``absent``: it is gone, and nobody
    waits for it.
    """

    name: str
    edge: str
    policy: EdgePolicy
    capacity: int
    process: str = ""
    when_absent: WhenAbsent = WhenAbsent.WAIT
    incarnation: int = 0
    stream: int = 0
    received: int = 0
    taken: int = 0
    handled: int = 0
    duplicated: int = 0
    first: int = 1
    shares_memory: bool = False
    absent: bool = False
    link: UnixChannel | None = None
    may_repeat: bool = False
    bytes_to_take: int = 0
    acknowledged: bool = False
    had_another: bool = False
    greeted_at: float = 0.0
    stalled: tuple[int, int, float] = (-1, 0, 0.0)
    counts: EdgeStats = field(default_factory=EdgeStats)
    sent_so_far: Callable[[], int] = int

    @property
    def stats(self) -> EdgeStats:
        """Return the counters as they are now."""
        self.counts.sent = self.sent_so_far()
        return self.counts

    @property
    def lossless(self) -> bool:
        """Tell whether nothing may be lost on the way to it."""
        return self.policy is EdgePolicy.LOSSLESS

    @property
    def got(self) -> int:
        """Return up to which item it has made room again."""
        return self.taken if self.lossless else self.received

    @property
    def done_with(self) -> int:
        """Return up to which item nothing has to be kept for it."""
        return self.handled if self.lossless else self.received

    @property
    def bytes_full(self) -> bool:
        """Tell whether it has as many bytes to take as may be on their way."""
        return self.bytes_to_take >= BYTES_IN_FLIGHT

    def room_until(self, sent: int) -> float:
        """Return the number of the last item that it has room for, if it is lossless.

        ``sent`` is the number of the last one that was sent.
        """
        if self.absent:
            return math.inf
        return sent if self.bytes_full else self.taken + self.capacity
