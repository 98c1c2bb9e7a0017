"""Waiting for an event or a condition, for a limited time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable


async def came_within(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait until an event is set; tell whether it was within ``seconds``, None: for ever.

    `asyncio.wait_for` of Python 3.11 and before it loses a cancellation that comes together with
    the event, and a node that waits for messages would then go on after the end of its run.
    """
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({waiting}, timeout=seconds)
        return event.is_set()
    finally:
        waiting.cancel()


async def comes_true(condition: Callable[[], bool], seconds: float | None,
                     look_seconds: float) -> bool:
    """Look each ``look_seconds`` whether a condition holds, of which nobody tells us.

    Tells whether it did within ``seconds``, None: for ever.
    """
    loop = asyncio.get_running_loop()
    end = math.inf if seconds is None else loop.time() + seconds
    while not condition():
        left = end - loop.time()
        if left <= 0.0:
            return False
        await asyncio.sleep(min(look_seconds, left))
    return True
