"""Transitions that are asked for in one thread, and made and answered in another's event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wish:
    """A transition that somebody waits for: its callback's name, such as ``on_configure``.

    ``answer``: whether it went well; any exception says that an error has to be dealt with.
    """

    callback: str
    answer: Future[bool] = field(default_factory=Future)


class Wishes:
    """What the event loop is asked to do, one after the other."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        """Wake up ``loop`` for each wish."""
        self._loop = loop
        self._waiting: deque[Wish] = deque()
        self._came = asyncio.Event()
        self._lock = threading.Lock()
        self._is_open = True

    def make(self, callback: str) -> bool:
        """Ask for a transition from another thread and wait; what is asked at the end goes well.

        Raises what the answer raises.
        """
        wish = Wish(callback)
        with self._lock:
            if not self._is_open:
                return True
            self._waiting.append(wish)
            self._loop.call_soon_threadsafe(self._came.set)
        return wish.answer.result()

    async def next(self) -> Wish:
        """Wait for the next."""
        while not self._waiting:
            self._came.clear()
            await self._came.wait()
        return self._waiting.popleft()

    def close(self) -> None:
        """Answer what waits, and all that comes."""
        with self._lock:
            self._is_open = False
            for wish in self._waiting:
                wish.answer.set_result(True)
            self._waiting.clear()
