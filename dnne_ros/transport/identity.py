"""Numbers that tell a process from the one whose place it takes.

The later of two has the greater number; but no clock says which that is, as clocks are set back.
Each takes a number by chance, and a greater one when it hears of one that was there before.
"""

from __future__ import annotations

import secrets

_CHANCE_BITS = 32
MOST = 2**62
"""The greatest number that is taken from others, for identities and counts alike."""


def new_identity(above: int = 0) -> int:
    """Return a number that nobody else has, greater than ``above`` (at least 1)."""
    return ((above >> _CHANCE_BITS) + 1 << _CHANCE_BITS) | secrets.randbits(_CHANCE_BITS)
