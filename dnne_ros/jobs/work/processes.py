"""Processes of this machine: which one is meant, whether it lives, and how all of a job end.

A process id alone means little, as it is given again.  With the kernel's start time it names one
process for good.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

TOKEN = "DNNE_ROS_JOB"
"""The environment variable by which the processes of a job are known, wherever they are."""
_PROC = Path("/proc")
_START_FIELD = 19  # of what follows the command's name in /proc/PID/stat
_POLL_SECONDS = 0.02


@cache
def this_host() -> str:
    """Return what tells this machine, its present boot and our view of its processes from others.

    Containers of one machine do not see each other's processes, so they count as machines.
    """
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{os.uname().nodename} {boot} {os.readlink('/proc/self/ns/pid')}"


def python_path() -> str:
    """Return the ``PYTHONPATH`` of an interpreter that is to find the modules that we do."""
    return os.pathsep.join(filter(None, sys.path))


def born(pid: int) -> int:
    """Return the kernel's start time of a process in its ticks; 0 if there is none or a zombie."""
    try:
        after_name = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2]
    except OSError:
        return 0
    fields = after_name.split()
    return 0 if fields[0] in "ZX" else int(fields[_START_FIELD])


def is_alive(pid: int, start: int) -> bool:
    """Tell whether the process of that id and start time still runs."""
    return start != 0 and born(pid) == start


def processes_with(token: str) -> list[int]:
    """Return the processes, of all that we may look into, that were started for a job.

    They inherit the environment, also those that have their own session or whose parent is gone.
    """
    wanted = f"{TOKEN}={token}".encode()
    found = []
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return [pid for pid in found if born(pid) and pid != os.getpid()]


def end_processes(token: str, grace: float, interrupt: Callable[[], None]) -> None:
    """Interrupt a job, and kill what is left of it after ``grace`` seconds."""
    interrupt()
    until = time.monotonic() + grace
    while processes_with(token):
        if time.monotonic() >= until:
            _kill(token)
            return
        time.sleep(_POLL_SECONDS)


def _kill(token: str) -> None:
    """Kill until none is left: one that was just forked is found in the next round."""
    while left := processes_with(token):
        for pid in left:
            start = born(pid)
            with contextlib.suppress(ProcessLookupError):
                watched = os.pidfd_open(pid)
                try:
                    if is_alive(pid, start):  # it is still the one that was looked into
                        signal.pidfd_send_signal(watched, signal.SIGKILL)
                finally:
                    os.close(watched)
        time.sleep(_POLL_SECONDS)
