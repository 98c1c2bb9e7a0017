"""A core that is used for looking out, and offered to whoever wants it after each look.

If somebody has taken it, there is no looking out for a while, longer each time.  The kernel counts
how often that was so; that a look takes long tells nothing by itself, as interrupts and the host
of a virtual machine take the core, too, many times a second.
"""

from __future__ import annotations

import os
import resource
from time import monotonic

_TAKEN = 20e-6
"""Seconds from which on an offer may have let somebody else have the core."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.01, 1.0


class OfferedCore:
    """That of the thread that calls."""

    def __init__(self) -> None:
        """Look out from the beginning on."""
        self._pause = _SHORTEST_PAUSE
        self._not_before = 0.0
        self._lost = 0

    def is_to_be_had(self, now: float) -> bool:
        """Tell whether to look out at all, at a time of `time.monotonic`."""
        return now >= self._not_before

    def begin(self) -> None:
        """Look out from now on."""
        self._lost = _times_lost()

    def offer(self, now: float) -> tuple[float, bool]:
        """Let others have the core; return what time it is then, and whether somebody took it."""
        os.sched_yield()
        then = monotonic()
        return then, then - now > _TAKEN and _times_lost() != self._lost

    def was_worth_it(self) -> None:
        """Come back sooner the next time that somebody has taken it."""
        self._pause = max(_SHORTEST_PAUSE, self._pause / 2)

    def leave(self, now: float) -> None:
        """Leave it to others for a while."""
        self._pause = min(_LONGEST_PAUSE, self._pause * 2)
        self._not_before = now + self._pause


def _times_lost() -> int:
    """Return how often others were given the core while this thread would have gone on."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw
