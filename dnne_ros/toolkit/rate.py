"""Keeping a rate."""

from __future__ import annotations

from dnne_ros.node_api.clock import Clock, SteadyClock

_SECOND = 1_000_000_000


class Rate:
    """Lets one step go every ``seconds``; a late step does not make the next ones hurry.

    Unless they may ``catch_up``: then those that are up to so many seconds late go at once.
    """

    def __init__(self, seconds: float, clock: Clock | None = None, catch_up: float = 0.0):
        """Let the first step go at once; None: the machine's own steady time."""
        self.seconds = seconds
        self._catch_up = int(catch_up * _SECOND)
        self._clock = clock or SteadyClock()
        self._due: int | None = None

    def begin_anew(self) -> None:
        """Let the next step go at once, and nobody be late."""
        self._due = None

    async def wait(self) -> float:
        """Wait until the next step is due; return by how many seconds it was asked for too late.

        A clock that jumps (a simulator that starts again, ``use_sim_time`` that is switched)
        starts the rate anew.
        """
        period, now = int(self.seconds * _SECOND), self._clock.now_ns()
        if self._due is None or self._due > now + period:
            self._due = now
        late = now - self._due
        if late < 0:
            await self._clock.sleep_until(self._due)
        oldest = self._clock.now_ns() - max(period, self._catch_up)
        self._due = max(self._due, oldest) + period
        return max(late, 0) / _SECOND
