"""The time by which a node keeps a rate."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

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
    """The machine's own time, which nobody sets."""

    @property
    def simulated(self) -> bool:
        """False."""
        return False

    def now_ns(self) -> int:
        """Return nanoseconds since the machine was started."""
        return time.monotonic_ns()

    async def sleep_until(self, due_ns: int) -> None:
        """Wait for the time between now and ``due_ns``."""
        await asyncio.sleep(max(0, due_ns - self.now_ns()) / _SECOND)
