"""What a process prints, line by line, whatever it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


async def printed_lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Give what comes line by line; one that is longer than the stream's limit is left out."""
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # its rest follows
            continue
        if not line:
            return
        yield line
