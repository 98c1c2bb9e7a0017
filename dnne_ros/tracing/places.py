"""Where processes leave what they record until it is one file: in memory that outlives them.

A file that is mapped from a disk costs several times as much: each page that the kernel has
brought there is caught again when it is next written to.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")


def parts_folder(file: str) -> Path:
    """Return the folder with the parts of the trace ``file``, which may not be there."""
    path = Path(file).absolute()
    digest = hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()
    return _base() / f"{digest}.{path.name}.parts"


def folder_for(file: str) -> Path:
    """Return the folder for the parts of the trace ``file``, which is made; OSError if not."""
    own_folder()
    folder = parts_folder(file)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def own_folder() -> Path:
    """Return this user's folder for what is recorded without a name for it, which is made.

    OSError if somebody else has put something at its name.
    """
    folder = _base()
    folder.mkdir(mode=0o700, exist_ok=True)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise OSError(errno.EPERM, "is not a folder of this user", str(folder))
    return folder


def memory_folder() -> Path:
    """Return where there is room for what is recorded: in memory or, without that, on a disk."""
    return _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())


def _base() -> Path:
    return memory_folder() / f"traces_of_dnne_ros_{os.getuid()}"
