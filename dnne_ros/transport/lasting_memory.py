"""Memory that outlives its process.

A process that is killed takes along what it knows; what it has written into a file in memory
stays, for the one that takes its place.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

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
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        self._file = os.open(self._path, flags, 0o600)
        try:
            found = os.fstat(self._file)
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
                raise OSError(f"{self._path} is not a file of ours")
            fcntl.flock(self._file, fcntl.LOCK_SH)
            if found.st_size != size:
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


def sweep_lasting_memory() -> int:
    """Remove the memory of runs that have nobody left, and return how many files it was."""
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
