"""A dashboard, and a page of it that takes all it is told, as a browser does."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import aiohttp

from dnne_ros.bench.edge_peers.rally import limit_life


def main(folder: Path, namespace: str) -> None:
    """Watch until terminated; ``dashboard.json`` is there once the graph is shown."""
    limit_life()
    with subprocess.Popen([sys.executable, "-m", "dnne_ros", "dashboard", "--port", "0"],
                          stdout=subprocess.PIPE, text=True) as dashboard:
        assert dashboard.stdout is not None
        address = dashboard.stdout.readline().partition("open ")[2].strip()
        try:
            asyncio.run(_look(address, folder, namespace))
        finally:
            dashboard.terminate()


async def _look(address: str, folder: Path, namespace: str) -> None:
    jar = aiohttp.CookieJar(unsafe=True)  # of an address, too
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        await session.get(address)
        feed = address.partition("/?")[0] + "/api/feed"
        async with session.ws_connect(feed, max_msg_size=0) as page:
            await page.send_str("{}")
            async for message in page:
                told = json.loads(message.data)
                if told["type"] == "graphs" and any(
                        graph["namespace"] == namespace for graph in told["graphs"]):
                    (folder / "dashboard.json").touch()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
