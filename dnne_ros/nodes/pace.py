"""Keeping a rate in real time."""

from __future__ import annotations

import asyncio
import time


class Pace:
    """Lets one step go every ``seconds``; a late step does not make the next ones hurry."""

    def __init__(self, seconds: float):
        """Let the first step go at once."""
        self._seconds = seconds
        self._due = time.monotonic()

    async def wait(self) -> None:
        """Wait until the next step is due."""
        delay = self._due - time.monotonic()
        if delay > 0:
            await asyncio.sleep(delay)
        self._due = max(self._due, time.monotonic() - self._seconds) + self._seconds
