"""Clocks that a test moves, or that nobody waits for."""

from __future__ import annotations

import asyncio

_SECOND = 1_000_000_000


class ManualClock:
    """Time that stands still until the test moves it with `advance`."""

    def __init__(self, simulated: bool = False):
        """Begin at zero; ``simulated``: as if it were that of ``/clock``."""
        self.simulated = simulated
        self._now = 0
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []
        self._fell_asleep = asyncio.Event()

    def now_ns(self) -> int:
        """Return the nanoseconds by which the clock was moved."""
        return self._now

    async def sleep_until(self, due_ns: int) -> None:
        """Wait until the clock is moved to ``due_ns`` or beyond."""
        if due_ns <= self._now:
            return
        sleeper = (due_ns, asyncio.get_running_loop().create_future())
        self._sleepers.append(sleeper)
        self._fell_asleep.set()
        try:
            await sleeper[1]
        finally:
            self._sleepers.remove(sleeper)

    def advance(self, seconds: float) -> None:
        """Move the clock, and wake who is due by then."""
        self._now += round(seconds * _SECOND)
        for due, woken in self._sleepers:
            if due <= self._now and not woken.done():
                woken.set_result(None)

    async def until_asleep(self) -> None:
        """Wait until somebody waits for the clock."""
        while all(woken.done() for _, woken in self._sleepers):
            self._fell_asleep.clear()
            await self._fell_asleep.wait()


class InstantClock:
    """Time that passes only by being waited for: a second of it takes none."""

    simulated = False

    def __init__(self) -> None:
        """Begin at zero."""
        self._now = 0

    def now_ns(self) -> int:
        """Return the nanoseconds that were waited for so far."""
        return self._now

    async def sleep_until(self, due_ns: int) -> None:
        """Let it be ``due_ns``, and others have their turn."""
        self._now = max(self._now, due_ns)
        await asyncio.sleep(0)
