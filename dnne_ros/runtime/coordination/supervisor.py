"""Starts the processes of a run, passes on what they say, and ends them in good order.

This is for machines without ``ros2 launch``; it needs neither rclpy nor torch.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from dnne_ros.errors import signal_name
from dnne_ros.runtime.coordination.executed_process import ExecutedProcess
from dnne_ros.runtime.coordination.fork_server import ForkedProcess
from dnne_ros.runtime.coordination.printed_lines import printed_lines
from dnne_ros.transport.lasting_memory import sweep_lasting_memory
from dnne_ros.transport.shared_memory import sweep

_STOP_SECONDS = 4.0
"""How long a process may take to leave before it is terminated; saving does not count."""
_SAVING_SECONDS = 40.0
"""How long saving may take at the most: the processes themselves give up sooner."""
_TERMINATE_SECONDS = 1.0
_LOOK_SECONDS = 0.1
_REST_LOOKS = 100
"""How often it is looked for the rest of what a process has said, once it has ended."""
_LONGEST_LINE = 2**26
_MOST_RESPAWNS = 10
"""What dies more often in one run has a reason to."""

Process = ExecutedProcess | ForkedProcess
Start = Callable[[str, socket.socket], Awaitable[Process]]
"""Starts the process of a name, with a session of its own, that inherits the status channel."""


@dataclass
class Child:
    """A process of the run and what it said last.

    ``finished``: it has said that it leaves in good order, the only way that is no failure.
    ``ended_by_us``: it did not leave when it was told to.  ``heard``: lines and messages of it.
    """

    name: str
    process: Process
    channel: socket.socket
    started: bool = False
    saving: bool = False
    finished: bool = False
    ended_by_us: bool = False
    heard: int = 0
    error: str = ""
    exit_code: int | None = None

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a message; a process that is gone does not mind."""
        with suppress(OSError):
            self.channel.send(json.dumps(message).encode() + b"\n")

    def describe_end(self) -> str:
        """Say how the process ended, in words."""
        if self.error:
            return self.error
        code = self.exit_code
        if self.ended_by_us:
            return (f"process {self.name} did not leave when the run ended and had to be killed; "
                    "what it had not saved is lost")
        if code is not None and code < 0:
            return f"process {self.name} was killed by {signal_name(-code)}"
        if code == 0:
            return f"process {self.name} left by itself, with exit code 0"
        return f"process {self.name} ended with exit code {code}"


class Supervisor:
    """Runs the processes of a graph until all have ended.

    The first one that fails ends the run; so does one that leaves without a word, whatever its
    exit code.  ``on_line(process, text)`` gets each line of output,
    ``on_message(process, message)`` each status message.
    """

    def __init__(self, node_names: Mapping[str, str], start: Start,
                 on_line: Callable[[str, str], None],
                 on_message: Callable[[str, dict[str, Any]], None],
                 on_all_started: Callable[[], None], respawns: Collection[str] = (),
                 on_death: Callable[[int, str], dict[str, Any]] | None = None):
        """Prepare to ``start`` the processes of ``node_names``.

        ``node_names`` says by process which nodes live in it, for the report of a failure.  A
        process in ``respawns`` that dies without a word is started again.
        ``on_death(id, how)`` is called in a thread when one does, before the others are told to
        end; it returns a message of that process.
        """
        self._respawns = dict.fromkeys(respawns, 0)
        self._node_names = node_names
        self._start_process = start
        self._on_line = on_line
        self._on_message = on_message
        self._on_all_started = on_all_started
        self._on_death = on_death
        self._stopping: asyncio.Task[None] | None = None
        self._all_started = False
        self.children: dict[str, Child] = {}
        self.reason = ""
        self.failure = ""
        self.exit_code = 0

    async def run(self) -> None:
        """Start everything and wait until all processes have ended."""
        watchers = [asyncio.ensure_future(watcher) for name in self._node_names
                    for watcher in await self._start(name)]
        try:
            await asyncio.gather(*watchers)
            if self._stopping is not None:
                await self._stopping
        finally:
            for child in self.children.values():
                if child.process.returncode is None:
                    child.process.kill()
                child.channel.close()
            sweep()
            sweep_lasting_memory()

    def stop(self, reason: str) -> None:
        """Ask all processes to end; those that do not are terminated, then killed."""
        if not self.reason:
            self.reason = reason
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop_all())

    async def _stop_all(self) -> None:
        for child in self.children.values():
            child.tell({"kind": "stop", "reason": self.reason})
        for seconds, end in ((_STOP_SECONDS, "terminate"), (_TERMINATE_SECONDS, "kill")):
            alive = [child for child in self.children.values()
                     if child.process.returncode is None]
            if not alive:
                return
            await self._leave(alive, seconds)
            for child in alive:
                if child.process.returncode is None:
                    child.ended_by_us = True
                    getattr(child.process, end)()

    async def _leave(self, alive: Sequence[Child], seconds: float) -> None:
        """Wait until those ``alive`` have left, at most so long, not counting a checkpoint."""
        staying = {asyncio.ensure_future(child.process.wait()) for child in alive}
        _, staying = await asyncio.wait(staying, timeout=seconds)
        looks = round(_SAVING_SECONDS / _LOOK_SECONDS)
        while staying and looks and self._someone_saves():
            looks -= 1
            _, staying = await asyncio.wait(staying, timeout=_LOOK_SECONDS)
            if staying and not self._someone_saves():
                _, staying = await asyncio.wait(staying, timeout=seconds)

    def _someone_saves(self) -> bool:
        return any(child.saving and child.process.returncode is None
                   for child in self.children.values())

    async def _start(self, name: str) -> list[Any]:
        ours, theirs = socket.socketpair()
        with theirs:
            process = await self._start_process(name, theirs)
        ours.setblocking(False)
        child = self.children[name] = Child(name, process, ours)
        if self._stopping is not None:  # asked for while this one was being started again
            child.tell({"kind": "stop", "reason": self.reason})
        return [self._watch(child)]

    async def _watch(self, child: Child) -> None:
        child.exit_code = await self._see_out(child)
        if child.exit_code < 0 and self._stopping is None \
                and self._respawns.get(child.name, _MOST_RESPAWNS) < _MOST_RESPAWNS:
            self._respawns[child.name] += 1
            child.channel.close()
            self._on_message(child.name, {"kind": "warning", "message": (
                f"{child.describe_end()} (nodes {self._node_names[child.name]}); it is started "
                f"again ({self._respawns[child.name]} of {_MOST_RESPAWNS})")})
            await asyncio.gather(*await self._start(child.name), self._tell_death(child))
            return
        if not self.failure and self._failed(child):
            self.failure = child.error or \
                f"{child.describe_end()} (nodes {self._node_names[child.name]})"
            if not child.error:
                await self._tell_death(child)
            # What our own processes say of themselves; what a node leaves with means nothing here.
            self.exit_code = max(child.exit_code, 1) if child.error else 1
            self.stop("failed")

    async def _tell_death(self, child: Child) -> None:
        if self._on_death is not None:
            self._on_message(child.name, await asyncio.to_thread(
                self._on_death, child.process.pid, child.describe_end()))

    async def _see_out(self, child: Child) -> int:
        """Pass on what a process says until it has ended; returns its exit code.

        A program that it has started and that has left its group may hold both pipes open for
        ever: when the process has ended, only what is there is read.
        """
        reading = asyncio.gather(self._read_output(child), self._read_messages(child))
        ending = asyncio.ensure_future(child.process.wait())
        either: set[asyncio.Future[Any]] = {reading, ending}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            await reading
        code = await ending
        heard = -1
        for _ in range(_REST_LOOKS):
            if reading.done() or heard == child.heard:
                break
            heard = child.heard
            await asyncio.wait([reading], timeout=_LOOK_SECONDS)
        reading.cancel()
        await asyncio.wait([reading])
        with suppress(asyncio.CancelledError):
            reading.result()
        child.process.hang_up()
        return code

    def _failed(self, child: Child) -> bool:
        """Tell whether a process that has ended did so against the rules.

        One that is stopped while it starts knows nothing that would be lost.
        """
        if child.error and child.exit_code != 0:
            return True
        return not child.finished and (child.started or self._stopping is None)

    async def _read_output(self, child: Child) -> None:
        async for line in printed_lines(child.process.stdout):
            child.heard += 1
            self._on_line(child.name, line.decode(errors="replace").rstrip("\n"))

    async def _read_messages(self, child: Child) -> None:
        async for line in _messages(child.channel):
            child.heard += 1
            try:
                message = json.loads(line)
                kind = message["kind"]
            except (ValueError, KeyError, TypeError, RecursionError):  # or the rest of a long line
                continue
            if kind == "started":
                child.started = True
                if not self._all_started and len(self.children) == len(self._node_names) \
                        and all(other.started for other in self.children.values()):
                    self._all_started = True
                    self._on_all_started()
            elif kind in ("saving", "saved", "not_saved"):
                child.saving = kind == "saving"
            elif kind == "finished":
                child.finished = True
                self.stop(message["reason"])
            elif kind == "error":
                child.error = message["message"]
            self._on_message(child.name, message)


async def _messages(channel: socket.socket) -> AsyncIterator[bytes]:
    """Give what a process says, line by line, to the last: also if it has not read our own words.

    Leaving so counts as an error of the connection, for which a stream of asyncio forgets what
    has come already.  A line that is longer than `_LONGEST_LINE` is left out.
    """
    loop = asyncio.get_running_loop()
    begun = bytearray()
    while True:
        try:
            data = await loop.sock_recv(channel, 2**16)
        except OSError:
            return
        if not data:
            return
        begun += data
        if b"\n" in data:
            *lines, begun = begun.split(b"\n")
            for line in lines:
                yield bytes(line)
        if len(begun) > _LONGEST_LINE:
            begun.clear()
