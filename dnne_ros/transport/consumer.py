"""What a producer knows of a consumer in another process."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from dnne_ros.transport.carrier import Channel
from dnne_ros.transport.dds_ends import DDS
from dnne_ros.transport.policy import EdgePolicy, WhenAbsent
from dnne_ros.transport.stats import EdgeStats

BYTES_IN_FLIGHT = 64 * 2**20
"""A consumer that has this much to take yet is full, whatever its capacity; one item may be
larger."""


@dataclass(eq=False)
class Consumer:
    """A planned consumer, what was agreed with it, and how far it has come (see `Credit`).

    ``repeat_after``: seconds after which an item that it lacks is sent again.  ``incarnation`` 0:
    not heard of yet.  ``first``: the number that its present incarnation is to begin with.
    ``had_another``: it, or the one before it, has had items of another producer than this one.
    ``may_repeat``: it takes the place of one that we knew, and gets again what that one had not
    handled.  ``stores``: which stores it reaches, the first as bit 0.
    ``loans``: items whose memory it looks at.  ``bytes_to_take`` counts large items only.
    ``again``: up to which item it was sent once more what it lacks, ``again_until``: up to which
    it is to be.  ``absent``: it is gone, and nobody waits for it.
    """

    name: str
    edge: str
    policy: EdgePolicy
    capacity: int
    process: str = ""
    when_absent: WhenAbsent = WhenAbsent.WAIT
    bytes_in_flight: int = BYTES_IN_FLIGHT
    repeat_after: float = 1.0

    incarnation: int = 0
    stream: int = 0
    first: int = 1
    acknowledged: bool = False
    had_another: bool = False
    may_repeat: bool = False
    greeted_at: float = 0.0
    refused_at: float = 0.0
    absent: bool = False

    received: int = 0
    taken: int = 0
    handled: int = 0
    loans: tuple[int, ...] = ()
    bytes_to_take: int = 0
    stalled: tuple[int, int, float] = (-1, 0, 0.0)
    again: int = 0
    again_until: int = 0

    channel: Channel | None = None
    stores: int = 0

    counts: EdgeStats = field(default_factory=EdgeStats)
    sent_so_far: Callable[[], int] = int

    @property
    def stats(self) -> EdgeStats:
        """Return the counters as they are now."""
        self.counts.sent = self.sent_so_far()
        return self.counts

    @property
    def transport(self) -> str:
        """Return what has carried the items to it; before the first, what would carry it."""
        return self.counts.transport(DDS if self.channel is None else self.channel.name)

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
        return self.bytes_to_take >= self.bytes_in_flight

    def room_until(self, sent: int) -> float:
        """Return the number of the last item that it has room for, if it is lossless.

        ``sent`` is the number of the last one that was sent.
        """
        if self.absent:
            return math.inf
        return sent if self.bytes_full else self.taken + self.capacity
