"""Waiting for an event, for a limited time."""

from __future__ import annotations

import asyncio


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
