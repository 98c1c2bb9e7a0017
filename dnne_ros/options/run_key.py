"""The secret that the processes of one run share, and nobody else knows.

Whoever starts the processes makes it and hands it on in their environment, which on Linux only
their own user can read; command lines are everybody's to read.
"""

from __future__ import annotations

import os
import secrets

RUN_KEY = "DNNE_ROS_RUN_KEY"
"""The environment variable."""
_BYTES = 32


def new_run_key() -> str:
    """Return the text of a new key."""
    return secrets.token_hex(_BYTES)


def take_run_key() -> bytes:
    """Return this process' key, which those that it starts no longer inherit.

    Without one it is empty: processes that are started by hand, one by one, find each other, and
    cannot tell each other from strangers.
    """
    return os.environ.pop(RUN_KEY, "").encode()[:2 * _BYTES]
