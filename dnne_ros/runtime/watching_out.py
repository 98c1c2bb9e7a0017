"""Looking for the next event again and again, where it is about to come, instead of sleeping.

To fall asleep and to be woken takes as long as the rest of an item's way from process to process;
on a core with nothing else to do, in a virtual machine above all, even longer.  So who has waited
for a moment only, time after time, looks again and again for as long; an answer to some MiB, which
both ends copy, is there within that time, too.  That must not take from others: see
`dnne_ros.runtime.offered_core`.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from dnne_ros.runtime.offered_core import OfferedCore

_WORTH = 160e-6
"""Seconds of a usual wait, up to which it is worth while."""
_LONGEST = 200e-6
"""Seconds after which who looks out sleeps all the same."""
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
        self._core = OfferedCore()

    def wait(self, seconds: float) -> Ready:
        """Return what is ready, after ``seconds`` at most; nothing if that is all."""
        if not seconds:
            return self._poll(0, _AT_ONCE)
        began = monotonic()
        ready: Ready = []
        if self._usual < _WORTH and self._core.is_to_be_had(began):
            ready = self._look_out(began, began + min(seconds, _LONGEST))
        if not ready:
            ready = self._poll(seconds, _AT_ONCE)
        self._usual += _SHARE * (monotonic() - began - self._usual)
        return ready

    def _look_out(self, now: float, until: float) -> Ready:
        self._core.begin()
        while now < until:
            ready = self._poll(0, _AT_ONCE)
            if ready:
                self._core.was_worth_it()
                return ready
            now, is_taken = self._core.offer(now)
            if is_taken:
                self._core.leave(now)
                break
        return []
