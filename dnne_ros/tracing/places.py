"""Where processes leave what they record until it is one file."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

_PARTS = ".parts"


def parts_folder(file: str) -> Path:
    """Return the folder with the parts of the trace ``file``."""
    return Path(f"{file}{_PARTS}")


def folder_for(file: str) -> Path:
    """Return the folder for the parts of the trace ``file``, which is made; OSError if not."""
    folder = parts_folder(file)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def own_folder() -> Path:
    """Return this user's folder for what is recorded without a name for it, which is made.

    OSError if somebody else has put something at its name.
    """
    folder = Path(tempfile.gettempdir()) / f"dnne_ros_traces_{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise OSError(errno.EPERM, "is not a folder of this user", str(folder))
    return folder
