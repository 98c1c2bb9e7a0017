"""An event loop in whose time a recording goes on.

Its clock shows the seconds since the recording's begin.  Where nothing is left to do before a
timer, time goes on to that: at once, or as slowly as is asked for.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable
from typing import Any

_LOOK_SECONDS = 0.01
_TURN_SECONDS = 1e-9
"""What a turn takes.  Timers come early by up to as much (asyncio's clock resolution), and whoever
waits by a clock for the rest of the time would wait for ever where it stands still."""


class RecordedLoop(asyncio.SelectorEventLoop):
    """Runs at ``rate`` seconds of the recording a second; None: as fast as it can."""

    def __init__(self, rate: float | None):
        """Begin at 0."""
        self._now = 0.0
        self._rate = rate
        self._began = time.monotonic()
        self.threads_work: Callable[[], bool] = lambda: False
        """Tells whether a thread is about to give the loop something to do."""
        self._when_idle: list[Callable[[], object]] = []
        selector = selectors.DefaultSelector()
        self._select: Callable[[float | None], list[Any]] = selector.select
        selector.select = self._wait  # type: ignore[method-assign]
        super().__init__(selector)

    def restart(self) -> None:
        """Begin at 0 now, after what took time before the first item."""
        self._now = 0.0
        self._began = time.monotonic()

    def time(self) -> float:
        """Return the seconds since the recording's begin."""
        if self._rate is not None:
            return (time.monotonic() - self._began) * self._rate
        return self._now

    def call_when_idle(self, call: Callable[[], object]) -> None:
        """Call once nobody has anything to do before a timer, also not in a thread."""
        self._when_idle.append(call)

    def _wait(self, timeout: float | None = None) -> list[Any]:
        """Wait for files and threads or, where there are none, let time go on."""
        if timeout is not None and timeout <= 0:
            self._now += _TURN_SECONDS
            return self._select(0)
        if self.threads_work():
            return self._select(_LOOK_SECONDS)
        if self._when_idle:
            calls, self._when_idle = self._when_idle, []
            for call in calls:
                call()
            return self._select(0)
        if timeout is None or self._rate is not None:
            return self._select(None if timeout is None else timeout / (self._rate or 1.0))
        self._now += timeout
        return self._select(0)
