"""An edge between two nodes of one process: values are handed over by reference."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

from dnne_ros.transport.inbox import Inbox
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.stats import EdgeStats


class LocalEdge:
    """Both ends of an edge inside one event loop."""

    transport = "local"

    def __init__(self, name: str, policy: EdgePolicy, capacity: int):
        """Make an empty edge; ``name`` is for reports."""
        self.name = name
        self.policy = policy
        self.stats = EdgeStats()
        self._capacity = capacity if policy is EdgePolicy.LOSSLESS else 0
        self._inbox = Inbox(policy, capacity, self.stats, self._wake_sender)
        self._senders: deque[asyncio.Future[None]] = deque()

    def offer(self, value: Any) -> bool:
        """Hand ``value`` over if there is room; False (and nothing done) if the edge is full."""
        if self._capacity and len(self._inbox) + len(self._senders) >= self._capacity:
            return False
        self._deliver(value)
        return True

    async def put(self, value: Any) -> None:
        """Hand ``value`` over, waiting for room on a full lossless edge; senders keep order."""
        if self.offer(value):
            return
        started = time.perf_counter()
        turn = asyncio.get_running_loop().create_future()
        self._senders.append(turn)
        try:
            await turn
        finally:
            if turn in self._senders:
                self._senders.remove(turn)
            self.stats.blocked_s += time.perf_counter() - started
        self._deliver(value)

    async def get(self, timeout: float | None = None) -> Any:
        """Return the next value; TimeoutError when none came within ``timeout`` seconds."""
        return await self._inbox.take(timeout)

    def _deliver(self, value: Any) -> None:
        self.stats.sent += 1
        self._inbox.offer(value)

    def _wake_sender(self) -> None:
        while self._senders:
            turn = self._senders.popleft()
            if not turn.done():
                turn.set_result(None)
                return
