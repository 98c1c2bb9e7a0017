"""Looking for the next event again and again, where it is about to come, instead of sleeping.

To fall asleep and to be woken takes as long as the rest of an item's way from process to process;
on a core with nothing else to do, in a virtual machine above all, even longer.  So who has waited
for a moment only, time after time, looks again and again for as long; an answer to some MiB, which
both ends copy, is there within that time, too.  That must not take from others: after each look
whoever wants the core may have it, and if somebody has taken it, there is no looking out for a
while, longer each time.  The kernel counts how often that was so; a look that takes long tells
nothing, as interrupts and the host of a virtual machine take the core, too, many times a second.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from time import monotonic

_WORTH = 160e-6
"""Seconds of a usual wait, up to which it is worth while."""
_LONGEST = 200e-6
"""Seconds after which who looks out sleeps all the same."""
_TAKEN = 20e-6
"""A look that takes so many seconds may have let somebody else have the core."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.01, 1.0
_SHARE = 1 / 8
_AT_ONCE = 64

Ready = list[tuple[int, int]]
"""Descriptors and what is there for them."""


class WatchingOut:
    """Waits for events of files."""

    def __init__(self, poll: Callable[[float, int], Ready]):
        """Wait with ``poll(seconds, most)``, as of `select.epoll`."""
        self._poll = poll
        self._usual = 1.0
        self._pause = _SHORTEST_PAUSE
        self._not_before = 0.0

    def wait(self, seconds: float) -> Ready:
        """Return what is ready, after ``seconds`` at most; nothing if that is all."""
        if not seconds:
            return self._poll(0, _AT_ONCE)
        began = monotonic()
        ready: Ready = []
        if self._usual < _WORTH and began >= self._not_before:
            ready = self._look_out(began, began + min(seconds, _LONGEST))
        if not ready:
            ready = self._poll(seconds, _AT_ONCE)
        self._usual += _SHARE * (monotonic() - began - self._usual)
        return ready

    def _look_out(self, now: float, until: float) -> Ready:
        lost = _times_lost()
        while now < until:
            ready = self._poll(0, _AT_ONCE)
            if ready:
                self._pause = max(_SHORTEST_PAUSE, self._pause / 2)
                return ready
            os.sched_yield()
            before, now = now, monotonic()
            if now - before > _TAKEN and _times_lost() != lost:
                self._pause = min(_LONGEST_PAUSE, self._pause * 2)
                self._not_before = now + self._pause
                break
        return []


def _times_lost() -> int:
    """Return how often somebody else was given the core while this thread wanted it."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw
