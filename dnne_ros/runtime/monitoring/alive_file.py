"""A file that tells a container's health check that the event loop turns."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

ALIVE_FILE = "DNNE_ROS_ALIVE_FILE"
"""The environment variable that names it."""
_SECONDS = 1.0


class AliveFile:
    """Touches a file once a second: one that is older has been left by a loop that stands."""

    def __init__(self, loop: asyncio.AbstractEventLoop, place: Path):
        """Touch the file at ``place`` while ``loop`` runs."""
        self._loop = loop
        self._place = place

    def touch(self) -> None:
        """Touch it, now and from now on; say why if that cannot be done, and leave it."""
        try:
            self._place.touch()
        except OSError as error:
            print(f"warning: {ALIVE_FILE}: {self._place}: {error.strerror}", file=sys.stderr,
                  flush=True)
        else:
            self._loop.call_later(_SECONDS, self.touch)


def keep_alive_file(loop: asyncio.AbstractEventLoop,
                    environment: Mapping[str, str] = os.environ) -> None:
    """Touch the file that the environment names, if it names one, while ``loop`` runs."""
    if place := environment.get(ALIVE_FILE):
        loop.call_soon(AliveFile(loop, Path(place)).touch)
