"""What a process leaves behind: the helper programs that it has started."""

from __future__ import annotations

import os
import signal
from contextlib import suppress


def end_group(leader: int) -> None:
    """Kill what is left of the process group of ``leader``, the id of a process.

    Programs that a process starts are in its group, unless they leave it (``setsid``).
    """
    with suppress(ProcessLookupError, PermissionError):  # nobody is left; another user's program
        os.killpg(leader, signal.SIGKILL)
