"""Wakes an idle worker of this machine when a job comes: a named pipe for each queue.

Each job that is queued is a byte in the pipe, and each byte wakes one of the workers that wait,
so fifty idle ones are not all awake for one job.  Nothing depends on it: where a bell was not
rung, as its ringer has been killed, workers find the job when they look by themselves.
"""

from __future__ import annotations

import fcntl
import os
import select
import termios
import time
from array import array
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from dnne_ros.durable_files import make_folder

MOST_RINGS = 64
"""So many are remembered while nobody waits: more would wake nobody else, as who has a job goes on
with the next without them."""
_AWAY_SECONDS = 0.05
"""Who was woken is deaf for so long: it is about to take the job, and the next is for others."""
_FLAGS = os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


def _path(folder: Path, queue: str) -> Path:
    return folder / "bells" / quote(queue, safe="")


def ring(folder: Path, queue: str, times: int = 1) -> None:
    """Wake so many of those that wait for a job of a queue, if there are any."""
    try:
        pipe = os.open(_path(folder, queue), os.O_WRONLY | _FLAGS)
    except OSError:  # nobody waits there
        return
    try:
        os.write(pipe, b"!" * min(times, MOST_RINGS - _rung(pipe)))
    finally:
        os.close(pipe)


def _rung(pipe: int) -> int:
    """Return how many bytes are in a pipe, at most `MOST_RINGS`."""
    number = array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, number)
    return min(number[0], MOST_RINGS)


class Bell:
    """The bell of a queue, as one worker hears it."""

    def __init__(self, folder: Path, queue: str):
        """Listen in the folder of a store; where it can have no pipes, to `wake` alone."""
        path = _path(folder, queue)
        self._pipe = -1
        with suppress(OSError):
            make_folder(path.parent)
            with suppress(FileExistsError):
                os.mkfifo(path)
            self._pipe = os.open(path, os.O_RDWR | _FLAGS)
        self._own = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._rang = False
        self.busy = False
        """While its worker has a job of this queue, the bytes are for others."""

    def wait(self, seconds: float) -> None:
        """Return when it rings, when `wake` is called, or after so long."""
        until = time.monotonic() + seconds
        if self._rang:
            self._rang = False
            if self._ready([self._own], min(seconds, _AWAY_SECONDS)):
                os.eventfd_read(self._own)
                return
        while (left := until - time.monotonic()) > 0:
            ready = self._ready([self._own] if self.busy else [self._own, self._pipe], left)
            if self._own in ready:
                os.eventfd_read(self._own)
                return
            if self._pipe in ready:
                with suppress(BlockingIOError):  # another worker was there first
                    os.read(self._pipe, 1)
                    self._rang = True
                    return

    def wake(self) -> None:
        """End the wait of this worker alone."""
        os.eventfd_write(self._own, 1)

    @staticmethod
    def _ready(descriptors: list[int], seconds: float) -> list[int]:
        poll = select.poll()
        for each in descriptors:
            if each >= 0:
                poll.register(each, select.POLLIN)
        return [descriptor for descriptor, _ in poll.poll(1e3 * seconds)]
