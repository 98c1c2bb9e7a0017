"""A rate for what others give when they like."""

from __future__ import annotations

from dnne_ros.node_api.clock import Clock, SteadyClock

_SECOND = 1_000_000_000
_EARLY = 0.25
"""Of a period: so much sooner than due an arrival still counts, as none is quite on time."""


class ArrivalGate:
    """Lets arrivals through as they come, on average one every ``seconds``.

    A timer beside a source of about its own rate would hold each item back by up to a period;
    here what is let through is never older than its way.
    """

    def __init__(self, seconds: float, clock: Clock | None = None):
        """Let the first arrival through; None: the machine's own steady time."""
        self._period = int(seconds * _SECOND)
        self._clock = clock or SteadyClock()
        self._due: int | None = None

    def lets_through(self) -> bool:
        """Tell whether what arrives now is let through.

        A clock that jumps back starts the rate anew, and a late arrival does not make the next
        ones hurry.
        """
        now = self._clock.now_ns()
        if self._due is None or not now - self._period <= self._due <= now + 2 * self._period:
            self._due = now
        if now < self._due - _EARLY * self._period:
            return False
        self._due += self._period
        return True
