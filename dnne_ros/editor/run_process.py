"""A run as a command of its own: ``dnne-ros run``, which ends in order whatever becomes of us."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

_LONGEST = 2**20
_LINE = 2**16
_REST_SECONDS = 1.0
"""How long it is waited for the rest of what a command has said, once it has ended."""


class RunProcess:
    """The command, what it writes, and what it tells us beside that (`StatusLines`)."""

    def __init__(self, on_line: Callable[[str], None],
                 on_message: Callable[[dict[str, Any]], None]):
        """Pass on lines of output and messages."""
        self._on_line = on_line
        self._on_message = on_message
        self._process: asyncio.subprocess.Process | None = None
        self._stopped = False

    async def run(self, words: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run ``dnne-ros run`` with these words and return its exit code."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            ours.setblocking(False)
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "dnne_ros", "run",
                    f"--status-fd={theirs.fileno()}", *words, pass_fds=[theirs.fileno()],
                    stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT, limit=_LINE,
                    # Ctrl-C is for us, and we stop it.
                    start_new_session=True, env={**environment, "PYTHONUNBUFFERED": "1"})
            self._process = process
            if self._stopped:
                self._interrupt()
            hearing = asyncio.gather(self._lines(process.stdout), self._messages(ours))
            code = await process.wait()
            await asyncio.wait([hearing], timeout=_REST_SECONDS)
            hearing.cancel()
            with suppress(asyncio.CancelledError):
                await hearing
        return code

    def stop(self) -> None:
        """End the run in order, a checkpoint being saved first."""
        if not self._stopped:
            self._stopped = True
            self._interrupt()

    def _interrupt(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)

    async def _lines(self, stream: asyncio.StreamReader | None) -> None:
        while stream is not None:
            try:
                line = await stream.readline()
            except ValueError:  # longer than the limit; its rest follows
                continue
            if not line:
                return
            self._on_line(line.decode(errors="replace").rstrip("\n"))

    async def _messages(self, ours: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while message := await loop.sock_recv(ours, _LONGEST):
            self._on_message(json.loads(message))
