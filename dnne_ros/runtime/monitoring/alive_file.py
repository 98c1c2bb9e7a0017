"""A file that tells a container's health check that the event loop turns."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path

ALIVE_FILE = "DNNE_ROS_ALIVE_FILE"
"""The environment variable that names it."""
_SECONDS = 1.0


def keep_alive_file(loop: asyncio.AbstractEventLoop, warn: Callable[[str], object],
                    environment: Mapping[str, str] = os.environ) -> None:
    """Touch the file that the environment names, if it names one, once a second in ``loop``.

    One that is older has been left by a loop that stands.  If it cannot be touched, ``warn`` is
    told why, and it is left alone.
    """
    if not (place := environment.get(ALIVE_FILE)):
        return

    def touch() -> None:
        try:
            Path(place).touch()
        except OSError as error:
            warn(f"{ALIVE_FILE}: {place}: {error.strerror}")
        else:
            loop.call_later(_SECONDS, touch)

    loop.call_soon(touch)
