"""An edge between two nodes of one process: values are handed over by reference."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from itertools import islice
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
        self._inbox = Inbox(policy, capacity, self.stats, self._wake_senders)
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
        except asyncio.CancelledError:
            self._senders.remove(turn)
            self._wake_senders()  # its turn may have come already
            raise
        finally:
            self.stats.blocked_s += time.perf_counter() - started
        self._senders.remove(turn)
        self._deliver(value)

    async def get(self, timeout: float | None = None) -> Any:
        """Return the next value; TimeoutError when none came within ``timeout`` seconds."""
        return await self._inbox.take(timeout)

    def _deliver(self, value: Any) -> None:
        self.stats.sent += 1
        self._inbox.offer(value)

    def _wake_senders(self) -> None:
        # One that is awake stays in the queue until it has run: its room is taken.
        for turn in islice(self._senders, max(self._capacity - len(self._inbox), 0)):
            if not turn.done():
                turn.set_result(None)
