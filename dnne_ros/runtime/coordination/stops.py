"""Who may end a process in good order: signals, and the supervisor's word or its end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any

from dnne_ros.runtime.coordination.status import StatusChannel

SUPERVISOR_GONE = "supervisor gone"
"""Why a process ends whose command has been killed."""


def heed_stops(loop: asyncio.AbstractEventLoop, status: StatusChannel,
               stop: Callable[[str], object]) -> None:
    """Call ``stop(reason)`` in ``loop`` from now on."""
    handled = [signal.SIGINT, signal.SIGTERM]  # a shell's background job, too, is sent SIGINT
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        handled.append(signal.SIGHUP)
    for signal_number in handled:
        loop.add_signal_handler(signal_number, stop, "interrupted")
    channel = status.file_descriptor
    if channel is None:
        return

    def told(message: dict[str, Any]) -> None:
        stop(message["reason"])

    def closed() -> None:
        loop.remove_reader(channel)
        stop(SUPERVISOR_GONE)

    loop.add_reader(channel, status.read, told, closed)
