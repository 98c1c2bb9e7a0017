"""Looking for the next event again and again, where it is about to come, instead of sleeping.

To fall asleep and to be woken takes as long as the rest of an item's way from process to process;
on a core with nothing else to do, in a virtual machine above all, even longer.  So who has waited
for a moment only, time after time, looks again and again for as long; an answer to some MiB, which
both ends copy, is there within that time, too.

Two that answer each other have to begin somewhere.  While both sleep, each wait has two wake-ups
in it; so of a wait that was slept through, one is taken off, and what is left may be longer than
where both look out.  Whoever tries it makes the other's waits shorter.

That must not take from others, for which there is `dnne_ros.runtime.offered_core`, nor from
nobody: after a look in vain there is none for some waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic

from dnne_ros.runtime.offered_core import OfferedCore

_WAITS = 8
"""So many waits tell how long the next will be."""
_WORTH = 300e-6
"""Seconds of a wait, in the mean of these, up to which it is worth while."""
_LONGEST = 400e-6
"""Seconds after which who looks out sleeps all the same."""
_WAKING = 100e-6
"""Seconds of a wait that sleeping has added."""
_LONG = _WAITS * _WORTH
"""Seconds that a wait counts at most: after one of these there is no look for all the next."""
_DENSE = _WAITS * 100e-6
"""Seconds of these waits together, below which there are many in a millisecond."""
_IN_VAIN = _LONG / 2
"""Seconds that a wait counts at least that was longer than the look for it: two of these are
enough, too."""
_AT_ONCE = 64

Ready = list[tuple[int, int]]
"""Descriptors and what is there for them."""


class WatchingOut:
    """Waits for events of files."""

    def __init__(self, poll: Callable[[float, int], Ready]):
        """Wait with ``poll(seconds, most)``, as of `select.epoll`."""
        self._poll = poll
        self._waits = deque([_LONG] * _WAITS, maxlen=_WAITS)
        self._is_soon = False
        self.patience = 0.0
        """For how many seconds to wait before anything else is done; 0: the next event is not to
        be expected soon, or so soon that it does not matter."""
        self._waited = 0.0
        """For the next event, so far: the loop does other things in between."""
        self._looked = False
        """Out for it, until there was no more point in it."""
        self._core = OfferedCore()

    def wait(self, seconds: float) -> Ready:
        """Return what is ready, after ``seconds`` at most; nothing if that is all."""
        if not seconds:
            return self._poll(0, _AT_ONCE)
        began = now = monotonic()
        if self._is_soon and self._waited < _LONGEST and self._core.is_to_be_had(now):
            ready, now = self._look_out(now, now + min(seconds, _LONGEST - self._waited))
            if ready:
                self._note(self._waited + now - began)
                return ready
        ready = self._poll(max(0.0, seconds - (now - began)), _AT_ONCE)
        self._waited += monotonic() - began
        if ready:
            is_vain = self._looked and self._waited > _LONGEST
            self._note(max(self._waited, _IN_VAIN) if is_vain
                       else max(0.0, self._waited - _WAKING))
        return ready

    def _note(self, seconds: float) -> None:
        self._waits.append(min(seconds, _LONG))
        total = sum(self._waits)
        self._is_soon = total < _LONG
        self.patience = _WORTH if _DENSE < total < _LONG else 0.0
        self._waited, self._looked = 0.0, False

    def _look_out(self, now: float, until: float) -> tuple[Ready, float]:
        """Return what is ready, and what time it is."""
        self._core.begin()
        while now < until:
            ready = self._poll(0, _AT_ONCE)
            if ready:
                self._core.was_worth_it()
                return ready, monotonic()
            now, is_taken = self._core.offer(now)
            if is_taken:
                self._core.leave(now)
                return [], now
        self._looked = True
        return [], now
