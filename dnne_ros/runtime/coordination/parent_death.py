"""A process that does not outlive the one that has started it, however that ends."""

from __future__ import annotations

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent is gone, also while it is stuck.

    A process that listens leaves in good order before: when its supervisor is gone it ends by
    itself, and the fork server, which is its parent, waits for that.  Elsewhere than on Linux
    this does nothing.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
