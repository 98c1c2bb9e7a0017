"""Tasks that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

__all__ = ["Unawaited"]


class Unawaited:
    """Starts tasks, keeps them alive, and has the loop report at once if one fails.

    Left to itself, asyncio says so when the task is collected: any time later, in the middle of
    anything.
    """

    def __init__(self) -> None:
        """Hold none yet."""
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` in the running loop."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()
