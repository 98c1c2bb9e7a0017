"""What a run tells the program that has started it: each word a message on a socket of its own.

The socket keeps messages apart (SOCK_SEQPACKET).  Each is a JSON object with a ``kind``: what the
processes say (``progress``, ``warning``, ``saved``, ``error`` …, with their ``process``),
``running`` once all nodes run, and ``ended`` at last.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from dnne_ros import strict_json
from dnne_ros.cli.report import RunReport
from dnne_ros.errors import InputError

_FOR_THE_REPORT = ("over", "edges", "trace")
"""What only a report has use for, and may be long."""


class StatusLines:
    """The socket of a descriptor; without one, nothing is said."""

    def __init__(self, descriptor: int | None):
        """Take the socket over; `InputError` if the descriptor is none."""
        self._socket: socket.socket | None = None
        if descriptor is not None:
            try:
                self._socket = socket.socket(fileno=descriptor)
                self._socket.setblocking(False)
            except OSError as error:
                raise InputError("arguments", [
                    f"--status-fd {descriptor}: no open socket: {error.strerror}"]) from None

    def on_left(self, left: Callable[[], None]) -> None:
        """Call ``left`` once the other end is closed: nobody watches over the run any more."""
        opened = self._socket
        if opened is None:
            return
        loop = asyncio.get_running_loop()

        def look() -> None:
            try:
                gone = not opened.recv(1)
            except BlockingIOError:
                return
            except OSError:
                gone = True
            if gone:
                loop.remove_reader(opened.fileno())
                left()

        loop.add_reader(opened.fileno(), look)

    def note(self, process: str, message: dict[str, Any]) -> None:
        """Pass on what a process of the run says."""
        if message["kind"] not in _FOR_THE_REPORT:
            self._say({**message, "process": process})

    def running(self) -> None:
        """Say that all nodes run."""
        self._say({"kind": "running"})

    def ended(self, report: RunReport) -> None:
        """Say how the run ended."""
        self._say({"kind": "ended", "reason": report.exit_reason, "failure": report.failure,
                   "exit_code": report.exit_code, "checkpoint": report.checkpoint,
                   "checkpoint_error": report.checkpoint_error})

    def _say(self, message: dict[str, Any]) -> None:
        """Send a message; one for which there is no room is dropped, as the run goes on."""
        if self._socket is not None:
            try:
                self._socket.send(strict_json.dumps(message).encode())
            except OSError:  # full, gone, or longer than the socket takes
                return
