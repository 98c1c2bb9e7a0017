"""Files in a folder into which every user of the machine may put things, with names like ours."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path

# Without O_NONBLOCK, a pipe of that name would hold us up until somebody writes to it.
_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def is_own(file: os.stat_result) -> bool:
    """Tell whether it is a regular file of this user's."""
    return stat.S_ISREG(file.st_mode) and file.st_uid == os.geteuid()


def open_own(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a file, never waiting; OSError if it is not there or not a regular one of ours.

    With ``os.O_CREAT`` among the ``flags``, nobody else can read the one that is made.
    """
    file = os.open(path, flags | _SAFELY, 0o600)
    if not is_own(os.fstat(file)):
        os.close(file)
        raise PermissionError(f"{path} is not a file of this user's")
    return file


def is_locked(path: Path) -> bool:
    """Tell whether somebody holds a lock on a file; also of one that is not ours to open."""
    try:
        file = open_own(path)
    except FileNotFoundError:
        return False
    except OSError:  # no more descriptors, or not ours
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
