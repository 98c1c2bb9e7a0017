"""Memory that outlives its process.

A process that is killed takes along what it knows; what it has written into a file in memory
stays, for the one that takes its place.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from dnne_ros.errors import PeerError
from dnne_ros.transport.own_files import is_locked, open_own

_SHARED_MEMORY = Path("/dev/shm")
_PREFIX = "dnne_ros_rounds_"
_NAME = re.compile(_PREFIX + r"([0-9a-f]{1,64})\.[A-Za-z0-9_.]{1,200}")


class LastingMemory:
    """A mapped file of one process at a time, filled with zeros by the first of them."""

    def __init__(self, run: str, name: str, size: int):
        """Open or make what ``name`` stands for in a ``run``, of ``size`` bytes.

        Raises OSError if there is no memory for it, or if somebody else's file has its name.
        """
        self._path = _directory() / f"{_PREFIX}{run}.{name}"
        if not _NAME.fullmatch(self._path.name):
            raise ValueError(f"{self._path.name!r:.300} is no name of a log")
        self._file = _open_locked(self._path)
        try:
            if os.fstat(self._file).st_size != size:
                os.ftruncate(self._file, 0)
                # All of it now: where there is no room, the first write would kill the process.
                os.posix_fallocate(self._file, 0, size)
            self.map = mmap.mmap(self._file, size)
        except OSError:
            os.close(self._file)
            raise

    def close(self) -> None:
        """Remove the file: nobody takes this process' place."""
        with suppress(FileNotFoundError):
            os.unlink(self._path)
        os.close(self._file)


class RunMemory:
    """Keeps the memory of a run from being swept, also while none of its processes lives."""

    def __init__(self, run_id: str):
        """Keep it from now on; `PeerError` if there is no memory that outlives a process."""
        self._run = memory_name(run_id)
        try:
            self._lock = LastingMemory(self._run, "kept", 1)
        except OSError as error:
            raise PeerError(f"--respawn: no memory that outlives a process: {error}") from None

    def close(self) -> None:
        """Remove what is left of it: the run is over."""
        for path in _by_run().get(self._run, ()):
            path.unlink(missing_ok=True)
        self._lock.close()


def memory_name(run_id: str) -> str:
    """Return what the memory of a run is called by."""
    return hashlib.blake2b(run_id.encode(), digest_size=16).hexdigest()


def is_remembered(run: str, name: str) -> bool:
    """Tell whether a process of a ``run`` has left memory under ``name``."""
    return (_directory() / f"{_PREFIX}{run}.{name}").exists()


def sweep_lasting_memory() -> int:
    """Remove the memory of runs that have nobody left, and return how many files it was."""
    orphans = [path for paths in _by_run().values() if not any(map(is_locked, paths))
               for path in paths]
    for path in orphans:
        with suppress(OSError):  # another user's
            path.unlink()
    return len(orphans)


def _by_run() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    with suppress(OSError):
        for entry in os.scandir(_directory()):
            if match := _NAME.fullmatch(entry.name):
                found.setdefault(match[1], []).append(Path(entry.path))
    return found


def _open_locked(path: Path) -> int:
    """Open a file of ours with a lock on it; again, if somebody has swept it in between."""
    while True:
        file = open_own(path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(file, fcntl.LOCK_SH)
            if os.fstat(file).st_nlink:
                return file
        except OSError:
            os.close(file)
            raise
        os.close(file)


def _directory() -> Path:
    return _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else Path(tempfile.gettempdir())
