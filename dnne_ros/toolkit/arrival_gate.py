"""A rate for what others give when they like."""

from __future__ import annotations

from collections.abc import Callable

from dnne_ros.node_api.clock import Clock, SteadyClock

_SECOND = 1_000_000_000
_EARLY = 0.25
"""Of a period: so much sooner than due an arrival still counts, as none is quite on time."""


class ArrivalGate:
    """Lets arrivals through as they come, on average one every ``seconds``.

    A timer beside a source of about its own rate would hold each item back by up to a period;
    here what is let through is never older than its way.
    """

    def __init__(self, seconds: float | Callable[[], float], clock: Clock | None = None):
        """Let the first arrival through; None: the machine's own steady time.

        What gives ``seconds`` is asked at each arrival: so a widget's new value counts at once.
        """
        self._seconds = seconds
        self._clock = clock or SteadyClock()
        self._due: int | None = None
        self._before: int | None = None

    def lets_through(self, age: float = 0.0) -> bool:
        """Tell whether what arrived ``age`` seconds ago is let through, and count it if so.

        A clock that jumps back starts the rate anew, and a late arrival does not make the next
        ones hurry.
        """
        arrived = self._clock.now_ns() - int(age * _SECOND)
        period = int((self._seconds() if callable(self._seconds) else self._seconds) * _SECOND)
        due = self._due
        if due is None or not arrived - period <= due <= arrived + 2 * period:
            due = arrived
        if arrived < due - _EARLY * period:
            return False
        self._before, self._due = self._due, due + period
        return True

    def give_back(self) -> None:
        """Let another one through for what was let through last: it was of no use."""
        self._due = self._before
