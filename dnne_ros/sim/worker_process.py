"""A program in a process of its own: starts it, talks with it and notices when it is gone."""

from __future__ import annotations

import json
import mmap
import os
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from dnne_ros.errors import InputError, signal_name
from dnne_ros.sim.simulator import SimulationError
from dnne_ros.sim.unknown_task import UnknownTask

_LEAVE_SECONDS = 1.0
_DYING_SECONDS = 60.0
"""How long a process that has closed its end may take to be gone: on a busy machine, seconds."""
_LOG_LINES, _LINE_LENGTH = 30, 1000
"""What is kept of the log; a longer line counts as several."""
_MOST_BYTES = 1 << 24
"""Of a message: what is longer is none."""
_ANSWERS = {"open": "hello"}
"""With what a message is answered that is not answered with its own name."""


class WorkerProcess:
    """A running worker, a channel to it, and memory that both sides map.

    Messages are JSON objects, one a line; the memory has no name, so there is nothing that could
    be left behind.  The worker answers every message but ``close``, with ``failed`` when it
    cannot do what it is asked.  It asks the kernel to end it with the thread that makes this
    object, which must therefore live as long as it.  Before an answer it may say ``starting``, as
    often as it likes.
    """

    def __init__(self, title: str, subject: str, command: Sequence[str],
                 environment: Mapping[str, str],
                 still_starting: Callable[[], object] = lambda: None):
        """Start ``command``, with the numbers of socket, memory and this process as last words.

        ``title`` names the worker in errors, ``subject`` is what InputErrors are about: raised if
        the command cannot be started.  ``still_starting`` is called when it says that it is.
        """
        self._still_starting = still_starting
        self._silent = False
        self._subject = subject
        self._received = b""
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._memory_file = os.memfd_create(title.replace(" ", "_"), os.MFD_CLOEXEC)
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = self._start(command, environment, theirs)
        self._title = f"the {title} (process {self.pid}, {command[0]})"
        self._reader = threading.Thread(target=self._read_log, daemon=True, name=f"{title} log")
        self._reader.start()

    @property
    def pid(self) -> int:
        """Return the worker's process id."""
        return self._process.pid

    def ask(self, say: str, seconds: float, *, first: float | None = None, **content: Any
            ) -> dict[str, Any]:
        """Send a message and return the answer.

        Raises SimulationError, with the end of the worker's log, when it fails, has died, writes
        what is no answer, does not answer within ``seconds``, or says nothing at all within
        ``first`` (it is killed then); and what `refusal` makes of ``failed``.
        """
        now, self._silent = time.monotonic(), first is not None
        try:
            self._channel.sendall(json.dumps({**content, "say": say}).encode() + b"\n")
            answer = self._answer(_ANSWERS.get(say, say), now + seconds,
                                  now + (seconds if first is None else first))
        except TimeoutError:
            self._process.kill()
            waited = first if self._silent else seconds
            raise self._error(f"has not answered {say!r} for {waited:g} s") from None
        except (EOFError, OSError):
            raise self._error(self._describe_end()) from None
        except ValueError as error:
            self._process.kill()
            raise self._error(f"has answered {say!r} with rubbish: {error}") from None
        if answer["say"] == "failed":
            if refusal := self.refusal(answer["stage"], answer["message"]):
                kind = UnknownTask if answer["stage"] == "task" else InputError
                raise kind(self._subject, [refusal])
            self._reader.join(_LEAVE_SECONDS)  # it ends now, and what it has said comes first
            self._log.extend(answer["traceback"])
            raise self._error(f"has failed: {answer['message']}")
        return answer

    def refusal(self, stage: str, message: str) -> str:
        """Return what the user asked for in vain, in his words; empty: it is a fault.

        ``stage`` is where the worker came to: ``run`` for what nobody has foreseen.
        """
        return "" if stage == "run" else message

    def memory(self) -> mmap.mmap:
        """Map the memory, as large as the worker has made it."""
        return mmap.mmap(self._memory_file, os.fstat(self._memory_file).st_size)

    def close(self) -> None:
        """End the worker; a second call does nothing."""
        if self._memory_file < 0:
            return
        with suppress(OSError):  # it has gone already
            self._channel.sendall(b'{"say": "close"}\n')
        try:
            self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._channel.close()
        self._reader.join(_LEAVE_SECONDS)
        os.close(self._memory_file)
        self._memory_file = -1

    def _start(self, command: Sequence[str], environment: Mapping[str, str],
               theirs: socket.socket) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                [*command, str(theirs.fileno()), str(self._memory_file), str(os.getpid())],
                pass_fds=[theirs.fileno(), self._memory_file], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                env=environment,
                # Ctrl-C reaches the run, which ends the worker when it has saved.
                start_new_session=True)
        except OSError as error:
            self._channel.close()
            os.close(self._memory_file)
            raise InputError(self._subject, [f"cannot start {command[0]}: {error}"]) from None

    def _read_log(self) -> None:
        output = self._process.stdout
        assert output is not None  # it was started with a pipe
        with output:
            while line := output.readline(_LINE_LENGTH):
                self._log.append(line.rstrip("\n"))

    def _answer(self, expected: str, deadline: float, first_deadline: float) -> dict[str, Any]:
        """Return the message ``expected``, or ``failed``; ValueError for another one."""
        while True:
            line = self._receive(first_deadline if self._silent else deadline)
            self._silent = False
            try:
                message = json.loads(line)
                said = message["say"]
            except (ValueError, TypeError, KeyError):
                raise ValueError(f"{line!r:.80}") from None
            if said in (expected, "failed"):
                answer: dict[str, Any] = message
                return answer
            if said != "starting":
                raise ValueError(f"{line!r:.80}")
            self._still_starting()

    def _receive(self, deadline: float) -> bytes:
        """Return the next line; TimeoutError after the deadline, EOFError if there is none."""
        while b"\n" not in self._received:
            if len(self._received) > _MOST_BYTES:
                raise ValueError(f"{len(self._received)} bytes without an end of line")
            self._channel.settimeout(max(deadline - time.monotonic(), 1e-3))
            data = self._channel.recv(65536)
            if not data:
                raise EOFError
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _describe_end(self) -> str:
        try:
            code = self._process.wait(_DYING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return "has closed its end"
        if code < 0:
            return f"was killed by {signal_name(-code)}"
        return f"has ended with exit status {code}"

    def _error(self, what: str) -> SimulationError:
        """Return the error that names the worker, with the tail of its log."""
        self._reader.join(_LEAVE_SECONDS if self._process.poll() is not None else 0.1)
        lines = "\n".join(f"    {line}" for line in self._log)
        return SimulationError(f"{self._title} {what}" + (
            f"; the end of its log:\n{lines}" if lines else "; its log is empty"))
