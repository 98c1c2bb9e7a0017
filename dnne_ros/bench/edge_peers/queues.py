"""Two bare ``asyncio.Queue``: what hand-over in one process costs without a framework."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from dnne_ros.bench.edge_peers.rally import Rally, limit_life

Balls = asyncio.Queue[Any]


async def _serve(folder: Path, balls: Balls, backs: Balls) -> None:
    rally = Rally(folder, "ping")
    for times in rally:
        for _ in range(times):
            await balls.put(rally.payload)
        back = await backs.get()
    rally.note(same_object=back is rally.payload)


async def _return(folder: Path, balls: Balls, backs: Balls) -> None:
    for times in Rally(folder, "pong"):
        for _ in range(times):
            ball = await balls.get()
        await backs.put(ball)


async def _both(folder: Path) -> None:
    balls, backs = Balls(), Balls()
    await asyncio.gather(_serve(folder, balls, backs), _return(folder, balls, backs))


if __name__ == "__main__":
    limit_life()
    asyncio.run(_both(Path(sys.argv[1])))
