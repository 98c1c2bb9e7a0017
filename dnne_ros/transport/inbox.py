"""Items that have come to one input and wait to be taken."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.stats import EdgeStats


class Inbox:
    """A first-in first-out buffer with one reader, in one event loop.

    `offer` never waits: keeping to ``capacity`` on a lossless edge is its sender's business (a
    `LocalEdge` waits for room, a DDS edge for credits).
    """

    def __init__(self, policy: EdgePolicy, capacity: int, stats: EdgeStats,
                 on_taken: Callable[[], None] | None = None):
        """Hold at most ``capacity`` items (one under ``latest``); call ``on_taken`` after each."""
        self._items: deque[Any] = deque()
        self._limit = {EdgePolicy.LOSSLESS: 0, EdgePolicy.LATEST: 1,
                       EdgePolicy.DROP_OLDEST: capacity}[policy]
        self._counts_drops = policy is EdgePolicy.DROP_OLDEST
        self._stats = stats
        self._on_taken = on_taken
        self._reader: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def offer(self, item: Any) -> None:
        """Add an item; under ``latest`` and ``drop_oldest`` the oldest one makes room."""
        if self._limit and len(self._items) >= self._limit:
            self._items.popleft()
            self._stats.dropped += self._counts_drops
        self._items.append(item)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def take(self, timeout: float | None = None) -> Any:
        """Return the oldest item; TimeoutError when none came within ``timeout`` seconds."""
        if not self._items:
            await self._wait(timeout)
        item = self._items.popleft()
        self._stats.received += 1
        if self._on_taken is not None:
            self._on_taken()
        return item

    async def _wait(self, timeout: float | None) -> None:
        if self._reader is not None:
            raise RuntimeError("an input is read by two coroutines at once")
        loop = asyncio.get_running_loop()
        self._reader = loop.create_future()
        timer = None
        if timeout is not None:
            timer = loop.call_later(timeout, _expire, self._reader)
        try:
            await self._reader
        finally:
            self._reader = None
            if timer is not None:
                timer.cancel()


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError("no item came in time"))
