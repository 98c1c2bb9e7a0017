"""An edge between two nodes of one process: values are handed over by reference."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from dnne_ros.transport.inbox import make_inbox
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.stats import EdgeStats

_SAMPLE_EVERY = 16


class LocalEdge:
    """Both ends of an edge inside one event loop."""

    transport = "local"

    def __init__(self, name: str, policy: EdgePolicy, capacity: int,
                 priority: Callable[[Any], float] | None = None):
        """Make an empty edge; ``name`` is for reports, ``priority`` orders what waits."""
        self.name = name
        self.policy = policy
        self.capacity = capacity
        self._stats = EdgeStats()
        self.limit = capacity if policy is EdgePolicy.LOSSLESS else math.inf
        """A sender must wait while `span` has reached it."""
        self._inbox = make_inbox(policy, capacity, self._stats, self._on_taken, priority)
        self.span = self.waiting = self._inbox.span
        self._gathering = self._inbox.gathering
        self.in_order = policy is EdgePolicy.LOSSLESS and priority is None
        """Whether each item is taken, in the order in which they came."""
        self._offer = self._inbox.offer
        self._on_room: Callable[[], None] | None = None
        self._sender_waits = False
        self._timed: deque[tuple[int, float]] = deque(maxlen=64)
        self.sample_at = 1
        """From how many items on the next one is among those whose latency is noted."""
        self.get = self._inbox.take
        self.get_batch = self._inbox.take_batch
        self.take_now = self._inbox.take_now
        """Take an item that is there, while the receiver waits for others."""
        self.pop, self.append = self._inbox.pop, self._inbox.append
        """Take an item, and add one, for who counts them afterwards: see `note_taken`."""
        self.is_parked = self._inbox.is_parked
        """Tells whether the receiver waits for an item, and is not awake yet."""
        self.fail = self._inbox.fail
        """Raise an error where the receiver waits."""
        self.wake = self._inbox.wake
        """Let the receiver take an item that is there, after it was kept asleep."""

    @property
    def stats(self) -> EdgeStats:
        """Return the counters as they are now."""
        self._stats.depth = len(self._inbox)
        if self._stats.sent:
            self._stats.carried[self.transport] = self._stats.sent
        return self._stats

    @property
    def awaited(self) -> bool:
        """Tell whether the receiver waits for an item."""
        return self._inbox.awaited

    def call_when_awaited(self, on_awaited: Callable[[], bool] | None,
                          on_taking: Callable[[], bool] | None = None) -> None:
        """Call ``on_awaited`` when an item comes that the receiver waits for; true: it is done.

        ``on_taking`` is called when it would take one that is there; true: it sleeps instead,
        until `wake`.
        """
        self._inbox.on_awaited = on_awaited
        self._inbox.on_taking = on_taking

    @property
    def number(self) -> int:
        """Return the number of the item taken last, as its sender counts, from 1."""
        if self.in_order:  # on the way of every item that is recorded: without a call
            return self._stats.received - len(self._gathering.items)
        return self._inbox.number(self._stats.sent)

    def notify_room(self, on_room: Callable[[], None]) -> None:
        """Call ``on_room`` each time that an item was taken, while the sender waits."""
        self._on_room = on_room

    @property
    def full(self) -> bool:
        """Tell whether a sender must wait."""
        return self.span() >= self.limit

    def deliver(self, value: Any) -> None:
        """Hand ``value`` over; the sender has made sure that the edge is not `full`."""
        stats = self._stats
        sent = stats.sent = stats.sent + 1
        if sent >= self.sample_at:
            # A look at the clock for each item would cost as much as its way.
            self._timed.append((sent, time.perf_counter()))
            self.sample_at = sent + _SAMPLE_EVERY
        self._offer(value)

    def note_taken(self, count: int) -> None:
        """Count items that were taken by `pop`; so the event loop has not turned meanwhile."""
        self._stats.received += count
        self._on_taken()

    def note_given(self, count: int) -> None:
        """Count items that were added by `append`, and tell the receiver."""
        stats = self._stats
        stats.sent += count
        if stats.sent >= self.sample_at:
            self._timed.append((stats.sent, time.perf_counter()))
            self.sample_at = stats.sent + _SAMPLE_EVERY
        self._inbox.tell(count)

    def note_passed(self, sent: int, received: int, seconds: float = 0.0) -> None:
        """Count items that were passed on by `append` and `pop`, or without the edge.

        They were on their way for so many seconds; as many of them are in the latency as of
        others.
        """
        stats = self._stats
        stats.sent += sent
        stats.received += received
        if stats.sent >= self.sample_at:
            self.sample(seconds)

    def sample(self, seconds: float) -> None:
        """Note the latency of items that were passed on; to be called from `sample_at` on."""
        sample = 1 + (self._stats.sent - self.sample_at) // _SAMPLE_EVERY
        self._stats.took(seconds, sample)
        self.sample_at += sample * _SAMPLE_EVERY

    def note_wait(self, waiting: bool) -> None:
        """Note that the sender waits, as far as it is for this edge."""
        self._sender_waits = waiting
        if waiting and self.full:
            self._stats.block()
        else:
            self._stats.unblock()

    def _on_taken(self) -> None:
        timed = self._timed
        if timed and timed[0][0] <= self._stats.received + self._stats.dropped:
            self._time_taken()
        if self._sender_waits and self._on_room is not None:
            self._on_room()

    def _time_taken(self) -> None:
        """Note the latency of timed items; with priorities, of one that came about then."""
        through = self._stats.received + self._stats.dropped
        while self._timed and self._timed[0][0] <= through:
            number, delivered = self._timed.popleft()
            if number == through:
                self._stats.took(time.perf_counter() - delivered)
