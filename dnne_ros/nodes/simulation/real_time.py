"""Simulated time at the pace of real time, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from dnne_ros.node_api.health import Level
from dnne_ros.toolkit.rate import Rate

if TYPE_CHECKING:
    from dnne_ros.node_api.clock import Clock
    from dnne_ros.node_api.health import Health

MISSED_WARNING = 0.05
"""Share of a second's steps that may be late before it is worth a warning."""
TOLERANCE = 0.05
"""Lateness that nobody minds, as a share of the period: no kernel wakes a process better."""
_WINDOW = 1.0


class RealTime:
    """Lets steps of ``step_seconds`` go in real time, ``factor`` times as fast.

    A step that is asked for after it was due has missed its deadline: the graph took longer than
    the step lasts.  Counts and the worst case are in the node's health.
    """

    def __init__(self, step_seconds: float, health: Health, factor: float,
                 clock: Clock | None = None, *, now: Callable[[], float] = time.monotonic,
                 catch_up: float = 0.0):
        """Begin with the next step; a ``factor`` of 0 never waits; ``clock``: as `Rate` has it.

        Time that was lost, up to ``catch_up`` s of it, is made up for by steps that do not wait.
        """
        self._step_seconds = step_seconds
        self._health = health
        self._now = now
        self._pace = Rate(lambda: step_seconds / self._factor if self._factor else 0.0,
                          clock, catch_up=catch_up)
        self._steps = self._missed = 0
        self._worst = 0.0
        self._begun: float | None = None
        self._warned = ""
        self._factor = factor

    def set_factor(self, factor: float) -> None:
        """Go on ``factor`` times as fast as real time; 0: as fast as possible."""
        self._factor = factor

    def begin_anew(self) -> None:
        """Forget what is due: time has stood still on purpose."""
        self._pace.begin_anew()

    async def wait(self) -> None:
        """Wait until the next step is due, and count it."""
        late = await self._pace.wait() if self._factor > 0 else 0.0
        now = self._now()
        if self._begun is None:
            self._begun = now
        elif now - self._begun >= _WINDOW:
            self._sum_up(now - self._begun)
            self._begun = now
        self._steps += 1
        if late > TOLERANCE * self._pace.seconds:
            self._missed += 1
            self._worst = max(self._worst, late)

    def _sum_up(self, seconds: float) -> None:
        """Say how the last second went, and begin to count the next one."""
        values, health = self._health.values, self._health
        values["missed_deadlines"] = int(values.get("missed_deadlines", 0)) + self._missed
        values["worst_lateness_ms"] = max(float(values.get("worst_lateness_ms", 0.0)),
                                          round(1e3 * self._worst, 3))
        values["real_time_factor"] = round(self._steps * self._step_seconds / seconds, 3)
        if self._missed > MISSED_WARNING * self._steps:
            health.level = Level.WARN
            health.message = self._warned = (
                f"{self._missed} of {self._steps} steps of the last second were late")
        elif self._warned and health.message == self._warned:
            health.level, health.message, self._warned = Level.OK, "ok", ""
        self._steps = self._missed = 0
        self._worst = 0.0
