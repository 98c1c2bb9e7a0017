"""Keeping a rate."""

from __future__ import annotations

from collections.abc import Callable

from dnne_ros.node_api.clock import Clock, SteadyClock

_SECOND = 1_000_000_000
_LOOK = _SECOND // 2
_LOOKS = 10_000
"""How long a wait goes on before it is asked whether the rate has changed, unless it lasts so long
that this would be more than so many times."""


class Rate:
    """Lets one step go every so many seconds; a late step does not make the next ones hurry.

    Unless they may ``catch_up``: then those that are up to so many seconds late go at once.
    """

    def __init__(self, seconds: float | Callable[[], float], clock: Clock | None = None,
                 catch_up: float = 0.0):
        """Let the first step go at once; None: the machine's own steady time.

        What gives ``seconds`` is asked at each step, and again and again in a long wait: so a
        widget's new value counts at once.
        """
        self._seconds = seconds
        self._catch_up = int(catch_up * _SECOND)
        self._clock = clock or SteadyClock()
        self._last: int | None = None
        """When the last step was due."""

    @property
    def seconds(self) -> float:
        """Return the time from one step to the next, as it is now."""
        return self._seconds() if callable(self._seconds) else self._seconds

    def begin_anew(self) -> None:
        """Let the next step go at once, and nobody be late."""
        self._last = None

    async def wait(self) -> float:
        """Wait until the next step is due; return by how many seconds it was asked for too late.

        A clock that jumps (a simulator that starts again, ``use_sim_time`` that is switched)
        starts the rate anew.
        """
        now, period = self._clock.now_ns(), self._period()
        if self._last is None or self._last > now:
            self._last = now - period
        late = now - self._last - period
        while self._last <= now < self._last + period:
            look = max(_LOOK, period // _LOOKS)
            await self._clock.sleep_until(min(self._last + period, now + look))
            now, period = self._clock.now_ns(), self._period()
        self._last = max(self._last + period, now - max(period, self._catch_up))
        return max(late, 0) / _SECOND

    def _period(self) -> int:
        return int(self.seconds * _SECOND)
