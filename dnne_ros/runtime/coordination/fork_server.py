"""Starts processes as forks of one that has loaded what all of them need.

Most of a process' start is the import of torch, which takes seconds.  Here it is imported once, in
a process that does nothing else, while the supervisor still reads the graph; each process of the
graph is a fork of it, and has torch at once and in the same memory.

Python's own fork server (`multiprocessing`) is a new interpreter each time, also for a command
that is itself the fork of a warm process, and runs the main module of its user again.

The server outlives its supervisor only for as long as the processes of the graph may take to
leave in good order; then it ends those that do not, and it does not need their help for that.

Protocol: a packet with a request (JSON) and file descriptors; the last of these is a pipe into
which the server writes the process id and, when it has ended, the exit code.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import selectors
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dnne_ros.errors import DnneError
from dnne_ros.runtime.coordination.parent_death import die_with_parent
from dnne_ros.runtime.coordination.process_group import end_group

CHANNEL = 100
"""The file descriptor under which a forked process finds the one that was passed to it."""
_NUMBER = struct.Struct("<q")
_LARGEST_REQUEST = 2**18
_ORPHAN_SECONDS = 45.0
"""How long processes may take to leave when their supervisor is gone; they may have to save."""
_LOST = 255
"""The exit code of a process whose end nobody saw, as in `multiprocessing`."""


class ForkedProcess:
    """A process that the fork server has started; it looks like `asyncio.subprocess.Process`."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, pipe: asyncio.BaseTransport,
                 ended: asyncio.StreamReader):
        """Wrap a process whose output comes to ``stdout`` and whose exit code to ``ended``."""
        self.pid = pid
        self.stdout = stdout
        self._pipe = pipe
        self.returncode: int | None = None
        self._ended = asyncio.ensure_future(self._note_end(ended))

    async def _note_end(self, ended: asyncio.StreamReader) -> int:
        try:
            self.returncode = await _read_number(ended)
        except asyncio.IncompleteReadError:
            self.returncode = _LOST
            end_group(self.pid)  # the server does that, but it is gone
        return self.returncode

    async def wait(self) -> int:
        """Return the exit code: that of a signal is negative."""
        return await asyncio.shield(self._ended)

    def terminate(self) -> None:
        """Send SIGTERM, if it still runs."""
        self._send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it and its helpers, if it still runs."""
        self._send_signal(signal.SIGKILL)
        if self.returncode is None:
            end_group(self.pid)

    def hang_up(self) -> None:
        """Read no more of its output."""
        self._pipe.close()

    def _send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class ForkServer:
    """The supervisor's end of the process that forks."""

    def __init__(self, preload: Sequence[str],
                 variables: Mapping[str, str] = MappingProxyType({}), *, bound: bool = False):
        """Fork the server, which imports the modules ``preload``.

        ``variables`` are added to the environment of the processes.  ``bound``: it is killed with
        the calling process.  That must not have threads: they would be missing in the fork, with
        the locks that they held.
        """
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Ctrl-C is the supervisor's to hear, also before the server has its own session.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            if bound:
                die_with_parent(parent=parent)
            self._control.close()
            os.environ.update(variables)
            serve(theirs, preload)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        theirs.close()

    async def start(self, name: str, entry_point: str, arguments: Sequence[str],
                    channel: socket.socket) -> ForkedProcess:
        """Call ``module:function`` with ``arguments`` as `sys.argv` in a new process.

        It finds ``channel`` as `CHANNEL`.  Raises `DnneError` if the server is gone.
        """
        output, into_output = os.pipe()
        ended, into_ended = os.pipe()
        try:
            request(self._control, {"name": name, "entry_point": entry_point,
                                    "arguments": list(arguments)},
                    [into_output, channel.fileno(), into_ended])
        except OSError as error:
            raise DnneError(f"the process that forks those of the graph is gone: {error}"
                            ) from None
        finally:
            os.close(into_output)
            os.close(into_ended)
        stdout, pipe = await open_reader(output)
        numbers, _ = await open_reader(ended)
        try:
            pid = await _read_number(numbers)
        except asyncio.IncompleteReadError:
            raise DnneError("the process that forks those of the graph has ended") from None
        return ForkedProcess(pid, stdout, pipe, numbers)

    def close(self) -> None:
        """End the server; the processes that it has started are not its own to end."""
        self._control.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)  # it may still be busy with importing
        os.waitpid(self._pid, 0)


def request(control: socket.socket, content: Mapping[str, Any], descriptors: Sequence[int]
            ) -> None:
    """Ask the server at the other end of ``control`` for a process.

    ``content``: `name`, `entry_point`, `arguments` and, where they are not the server's own,
    `folder` and `environment`.  ``descriptors``: one for standard output and error, one that the
    process finds as `CHANNEL`, and one for its id and exit code.
    """
    socket.send_fds(control, [json.dumps(dict(content)).encode()], list(descriptors))


async def open_reader(descriptor: int) -> tuple[asyncio.StreamReader, asyncio.BaseTransport]:
    """Return what reads a pipe, and what closes it before its end has come."""
    reader = asyncio.StreamReader(limit=2**20)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", 0))
    return reader, transport


async def _read_number(reader: asyncio.StreamReader) -> int:
    number: int = _NUMBER.unpack(await reader.readexactly(_NUMBER.size))[0]
    return number


def serve(control: socket.socket, preload: Sequence[str]) -> None:
    """Fork whatever ``control`` asks for, until it is closed; does not return."""
    code = 1
    try:
        os.setsid()
        _show_name("fork server")
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        for module in preload:
            with contextlib.suppress(ImportError):  # a process that needs it says so in words
                importlib.import_module(module)
        gc.collect()
        gc.freeze()  # what the collector does not touch stays shared memory
        code = _Server(control).run()()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


class _Server:
    """The loop of the process that forks."""

    def __init__(self, control: socket.socket):
        self._control = control
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)

    def run(self) -> Callable[[], int]:
        """Return what this process is to do next: in a fork what was asked for, else to end."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._control:
                    self._report_end(*key.data)
                    continue
                data, descriptors, _, _ = socket.recv_fds(self._control, _LARGEST_REQUEST, 3)
                if not data:
                    return self._outlive
                pid = os.fork()
                if pid == 0:
                    self._close()
                    return lambda: _become(json.loads(data), *descriptors)
                self._watch(pid, descriptors)

    def _watch(self, pid: int, descriptors: Sequence[int]) -> None:
        output, channel, ended = descriptors
        os.close(output)
        os.close(channel)
        watched = os.pidfd_open(pid)
        self._selector.register(watched, selectors.EVENT_READ, (watched, pid, ended))
        _tell(ended, pid)

    def _report_end(self, watched: int, pid: int, ended: int) -> None:
        self._selector.unregister(watched)
        os.close(watched)
        end_group(pid)  # before its id is given back, which could be another's then
        _tell(ended, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        os.close(ended)

    def _outlive(self) -> int:
        """Let the processes leave, as nobody is there any more to tell; end those that stay."""
        self._selector.unregister(self._control)
        deadline = time.monotonic() + _ORPHAN_SECONDS
        while self._selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                self._report_end(*key.data)
        for key in self._selector.get_map().values():
            signal.pidfd_send_signal(key.data[0], signal.SIGKILL)
            end_group(key.data[1])
        return 0

    def _close(self) -> None:
        """Close what a fork does not need, so that it keeps nothing of others alive."""
        for key in self._selector.get_map().values():
            if key.data is not None:
                os.close(key.data[0])
                os.close(key.data[2])
        self._selector.close()
        self._control.close()


def _tell(descriptor: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # who asked is gone
        os.write(descriptor, _NUMBER.pack(number))


def _become(asked: Mapping[str, Any], output: int, channel: int, ended: int) -> int:
    """Make this fork the process that was asked for; returns its exit code."""
    os.setsid()
    os.close(ended)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (output, 1), (output, 2), (channel, CHANNEL)):
        os.dup2(descriptor, number)
    for descriptor in {nothing, output, channel} - {0, 1, 2, CHANNEL}:
        os.close(descriptor)
    # As under `python -u`: what was printed last is not lost with a process that is killed.
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False))
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.FileIO(number, "w", closefd=False), errors="backslashreplace",
                         write_through=True)
        for number in (1, 2))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Python's own generator sees to itself, and one that is not there yet is a new one.
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if "environment" in asked:
        os.environ.clear()
        os.environ.update(asked["environment"])
    if "folder" in asked:
        os.chdir(asked["folder"])
    _show_name(asked["name"])
    sys.argv = [asked["entry_point"], *asked["arguments"]]
    code = _run(asked["entry_point"])
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _show_name(name: str) -> None:
    """Set what `ps` and `top` show, which is 15 bytes."""
    Path("/proc/self/comm").write_bytes(name.encode()[:15])


def _run(entry_point: str) -> int:
    try:
        code = pkgutil.resolve_name(entry_point)()
        for thread in threading.enumerate():
            if thread is not threading.main_thread() and not thread.daemon:
                thread.join()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        return 1
    if code is None or isinstance(code, int):
        return code or 0
    print(code, file=sys.stderr)
    return 1
