"""A process that does not outlive the one that has started it, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(number: int = signal.SIGKILL, parent: int | None = None) -> None:
    """Have the kernel kill this process when its parent is gone, also while it is stuck.

    A process that listens leaves in good order before: when its supervisor is gone it ends by
    itself, and the fork server, which is its parent, waits for that.  ``number``: the signal.
    ``parent``: the process that started this one; if that is gone already, the signal comes at
    once.  Elsewhere than on Linux this does nothing.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if parent is not None and os.getppid() != parent:
            os.kill(os.getpid(), number)
