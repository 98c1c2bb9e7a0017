"""A process of a run that is a command of its own, for programs that are not ours to fork."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from dnne_ros.runtime.coordination.fork_server import open_reader
from dnne_ros.runtime.coordination.process_group import end_group


class ExecutedProcess:
    """A command whose end is seen at once, whoever else has its output.

    `asyncio.subprocess.Process` waits for that of the pipes, too, which a helper program that the
    process has started keeps open.
    """

    def __init__(self, process: asyncio.subprocess.Process, stdout: asyncio.StreamReader,
                 pipe: asyncio.BaseTransport):
        """Wrap ``process``, which leads a group and whose output comes to ``stdout``."""
        self._process = process
        self._pipe = pipe
        self.pid = process.pid
        self.stdout = stdout

    @property
    def returncode(self) -> int | None:
        """Return the exit code, that of a signal negative; None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Return the exit code; helpers that are left in its group are ended."""
        code = await self._process.wait()
        end_group(self.pid)
        return code

    def terminate(self) -> None:
        """Send SIGTERM, if it still runs."""
        if self.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        """Kill it and its helpers, if it still runs."""
        if self.returncode is None:
            end_group(self.pid)

    def hang_up(self) -> None:
        """Read no more of its output."""
        self._pipe.close()


async def execute(words: Sequence[str], channel: socket.socket,
                  variables: Mapping[str, str] = MappingProxyType({})) -> ExecutedProcess:
    """Start a command line whose process inherits ``channel`` under its number.

    ``variables`` are added to its environment.
    """
    output, into_output = os.pipe()
    stdout, pipe = await open_reader(output)
    try:
        process = await asyncio.create_subprocess_exec(
            *words, pass_fds=[channel.fileno()], stdin=asyncio.subprocess.DEVNULL,
            stdout=into_output, stderr=asyncio.subprocess.STDOUT,
            # A group of its own: Ctrl-C reaches us, and we stop the processes in order.
            start_new_session=True, env={**os.environ, "PYTHONUNBUFFERED": "1", **variables})
    except BaseException:
        pipe.close()
        raise
    finally:
        os.close(into_output)
    return ExecutedProcess(process, stdout, pipe)
