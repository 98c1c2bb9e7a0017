"""Wakes coroutines that wait for something to change."""

from __future__ import annotations

import asyncio


class Bell:
    """Rings for all that wait when it does; who waits looks again at what it waits for."""

    def __init__(self) -> None:
        """Let nobody wait yet."""
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake them."""
        waiting, self._waiting = self._waiting, set()
        for each in waiting:
            if not each.done():
                each.set_result(None)

    async def wait(self) -> None:
        """Wait for the next time that it rings."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(turn)
        try:
            await turn
        finally:
            self._waiting.discard(turn)
