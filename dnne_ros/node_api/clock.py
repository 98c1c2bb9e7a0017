"""The time by which a node keeps a rate, and by which it measures silence."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from dnne_ros.node_api.event_waits import came_within

_SECOND = 1_000_000_000


class Clock(Protocol):
    """A clock that never counts wall-clock time: it runs steadily, or as a simulator says."""

    @property
    def simulated(self) -> bool:
        """Whether time is that of ``/clock``: the node's parameter ``use_sim_time``."""
        ...

    def now_ns(self) -> int:
        """Return nanoseconds since some moment in the past."""
        ...

    async def sleep_until(self, due_ns: int) -> None:
        """Wait until the clock shows ``due_ns``, or is another clock than before."""
        ...


class SteadyClock:
    """The machine's own time, which nobody sets: by that silence is measured.

    A recording holds what it showed, and when each wait was over; so nodes that go by it do the
    same when they are replayed.
    """

    @property
    def simulated(self) -> bool:
        """False."""
        return False

    def now_ns(self) -> int:
        """Return nanoseconds since the machine was started."""
        return time.monotonic_ns()

    def now(self) -> float:
        """Return the same in seconds, as `time.monotonic` does."""
        return self.now_ns() / _SECOND

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, seconds))

    async def sleep_until(self, due_ns: int) -> None:
        """Wait for the time between now and ``due_ns``."""
        await self.sleep((due_ns - self.now_ns()) / _SECOND)

    async def came_within(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Wait until an event is set; tell whether it was within ``seconds``, None: for ever."""
        return await came_within(event, seconds)
