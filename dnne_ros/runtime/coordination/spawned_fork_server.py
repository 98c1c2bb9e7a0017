"""A fork server that is an interpreter of its own, for programs that have threads.

A fork of such a program would lack the threads, and have the locks that they held.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from dnne_ros.runtime.coordination import fork_server

_SERVE = ("import socket, sys; from dnne_ros.runtime.coordination.fork_server import serve; "
          "serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])")
_NUMBER = struct.Struct("<q")
_LOST = 255
"""The exit code of a process whose end nobody saw."""


class SpawnedFork:
    """A process that such a server has started."""

    def __init__(self, ended: int):
        """Read its id and, later, its exit code from ``ended``; OSError if the server is gone."""
        self._numbers = os.fdopen(ended, "rb", 0)
        found = self._number()
        if found is None:
            self._numbers.close()
            raise ChildProcessError("the process that forks has ended")
        self.pid = found
        self.returncode: int | None = None
        self.ended = threading.Event()
        """Set once it has ended, with its ``returncode``."""
        threading.Thread(target=self._await_end, daemon=True).start()

    def _number(self) -> int | None:
        data = self._numbers.read(_NUMBER.size)
        return _NUMBER.unpack(data)[0] if data else None

    def _await_end(self) -> None:
        with self._numbers:
            code = self._number()
        self.returncode = _LOST if code is None else code
        self.ended.set()


class SpawnedForkServer:
    """The caller's end of the process that forks."""

    def __init__(self, preload: Sequence[str], path: str, flags: Sequence[str] = ()):
        """Start a server that imports the modules ``preload``.

        ``path`` is its ``PYTHONPATH``, ``flags`` are the interpreter's.
        """
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *flags, "-c", _SERVE, str(theirs.fileno()), *preload],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path})

    def start(self, content: Mapping[str, Any], output: int, channel: int) -> SpawnedFork:
        """Start a process as `fork_server.request` says; OSError if the server is gone.

        ``output`` is a descriptor for standard output and error, ``channel`` one that the process
        finds as `fork_server.CHANNEL`.
        """
        ended, into_ended = os.pipe()
        try:
            fork_server.request(self._control, content, [output, channel, into_ended])
        except OSError:
            os.close(ended)
            raise
        finally:
            os.close(into_ended)
        return SpawnedFork(ended)

    def close(self) -> None:
        """Let the server end, once the processes that it has started are through."""
        self._control.close()
        self._process.wait()
