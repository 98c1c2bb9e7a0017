"""Several things that a node does at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def side_by_side(*duties: Coroutine[Any, Any, None]) -> None:
    """Run coroutines until all have ended, or one fails; then none of them goes on.

    Raises what the first one that fails raises; when this is cancelled, all are.
    """
    tasks = [asyncio.ensure_future(duty) for duty in duties]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def end_of(task: asyncio.Future[Any]) -> None:
    """Cancel a task unless it is done, and wait for its end, whatever that is."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
