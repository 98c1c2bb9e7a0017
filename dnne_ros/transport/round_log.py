"""Where a node is, in memory that outlives its process.

A process that is killed takes along what it knows; what it has written into a file in memory
stays.  So the one that takes its place can read how many items the dead one had taken and given.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import re
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

_SHARED_MEMORY = Path("/dev/shm")
_PREFIX = "dnne_ros_rounds_"
_NAME = re.compile(_PREFIX + r"([0-9a-f]{1,64})\.[A-Za-z0-9_]{1,200}")
_ROWS = 2**16
"""Rounds that are known; more are not on their way unless windows are huge."""
_HEAD = 4
_COUNT, _WIDTH = 0, 1


class RoundLog:
    """The last rounds of a node: for each, how far it was on every input and output then.

    Round 0 is before the first item: all zeros.  A file of one process at a time; the words of a
    round are written before the word that counts it, so that a kill at any moment leaves whole
    rounds.
    """

    def __init__(self, run: str, node: str, width: int):
        """Open or make the log of a ``node`` (a ROS name) in a ``run``, of ``width`` numbers.

        Raises OSError if there is no memory for it, or if somebody else's file has its name.
        """
        self._path = _directory() / f"{_PREFIX}{run}.{node}"
        if not _NAME.fullmatch(self._path.name):
            raise ValueError(f"{self._path.name!r:.300} is no name of a log")
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        self._file = os.open(self._path, flags, 0o600)
        found = os.fstat(self._file)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
            os.close(self._file)
            raise OSError(f"{self._path} is not a file of ours")
        fcntl.flock(self._file, fcntl.LOCK_SH)
        size = 8 * (_HEAD + width * (1 + _ROWS))
        if found.st_size != size:
            os.ftruncate(self._file, 0)
            os.ftruncate(self._file, size)
        self._map = mmap.mmap(self._file, size)
        self._head = np.frombuffer(self._map, np.uint64, _HEAD)
        words = np.frombuffer(self._map, np.uint64, offset=8 * _HEAD).reshape(-1, width)
        self._most, self._rows = words[0], words[1:]
        self.restarted = self._head[_WIDTH] == width
        """Whether another process has written into it before."""
        if not self.restarted:
            self._head[_WIDTH] = width
        self._next = int(self._head[_COUNT]) + 1

    @property
    def newest(self) -> int:
        """The round that was noted last."""
        return self._next - 1

    def append(self, numbers: Sequence[int]) -> None:
        """Note how far the node is after one more round."""
        self._rows[self._next % _ROWS] = numbers
        self._head[_COUNT] = self._next
        self._next += 1

    def find(self, column: int, number: int) -> int | None:
        """Return the last round after which a column was ``number``; None if it is not known."""
        newest = self.newest
        oldest = max(0, newest - _ROWS + 1)
        values = self._rows[np.arange(newest, oldest - 1, -1) % _ROWS, column]
        hits = np.flatnonzero(values == number)
        return newest - int(hits[0]) if len(hits) else None

    def row(self, round: int) -> list[int]:
        """Return the numbers after a round that is known."""
        numbers: list[int] = self._rows[round % _ROWS].tolist()
        return numbers

    def go_back(self, round: int) -> None:
        """Go on after an earlier round; `most` keeps what there was since."""
        np.maximum(self._most, self._rows[self.newest % _ROWS], out=self._most)
        self._head[_COUNT] = round
        self._next = round + 1

    def most(self) -> list[int]:
        """Return the largest number that each column has had before `go_back`."""
        numbers: list[int] = self._most.tolist()
        return numbers

    def close(self) -> None:
        """Remove the file: nobody takes this process' place."""
        with suppress(FileNotFoundError):
            os.unlink(self._path)
        os.close(self._file)


def sweep_logs() -> int:
    """Remove the logs of runs that have nobody left, and return how many there were."""
    by_run: dict[str, list[Path]] = {}
    with suppress(OSError):
        for entry in os.scandir(_directory()):
            if match := _NAME.fullmatch(entry.name):
                by_run.setdefault(match[1], []).append(Path(entry.path))
    orphans = [path for paths in by_run.values() if not any(map(_is_locked, paths))
               for path in paths]
    for path in orphans:
        with suppress(OSError):  # another user's
            path.unlink()
    return len(orphans)


def _directory() -> Path:
    return _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else Path(tempfile.gettempdir())


def _is_locked(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:  # another user's
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
