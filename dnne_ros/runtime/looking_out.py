"""Being awake when the next message of a robot is due.

A message wakes a thread of DDS, and that the thread of the event loop.  On a core that sleeps, in
a virtual machine above all, each takes tens of microseconds, and what runs then finds its code in
no cache: together as much as a whole small policy.  Robots speak at a steady rate, so the loop
wakes up by itself a moment before the next message is due and looks again and again until it is
there.  After each look whoever wants the core may have it (`dnne_ros.runtime.offered_core`).  DDS'
thread may be that somebody: if the message is there when the core comes back, it was taken to
bring it, and that is no reason to leave off.

Behind a long period what a round runs and reads has left the caches, the policy's weights too.  So
before it looks out, whoever is part of such a round does once what has no effect of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from dnne_ros.runtime.offered_core import OfferedCore

_MARGIN = 200e-6
"""Seconds before and after the moment at which a message is due that are looked out for it."""
_SHARE = 0.1
"""Of a period, which is the most before and after that moment."""
_LONGEST_PERIOD = 0.1
"""Seconds above which a message is rare enough to wait a little."""
_STEADY = 0.25
"""Of a period: so much do the last ones differ at most, or there is no telling the next."""
_COLD = 0.005
"""Seconds of a period from which on rounds are rehearsed; in less, little gets cold."""
_REHEARSAL = 150e-6
"""Seconds that a rehearsal may take before the window begins."""
_NOW = -1.0  # rclpy rounds a timeout of 0 up by 50 µs; one in the past returns at once
_CALLBACK = 40e-6
"""A look that takes so many seconds has run a callback, after which the loop may have to turn."""


class Window(NamedTuple):
    """From when to when, by `time.monotonic`, to look out for a message; empty: not at all."""

    begin: float = 0.0
    end: float = 0.0
    is_cold: bool = False
    """Whether it comes so long after the one before that its round is to be rehearsed."""


class Rhythm:
    """When messages of one topic have come, and so when the next one is due."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._came = deque([0.0, 0.0, 0.0, 0.0], maxlen=4)

    def note(self, arrived: float) -> None:
        """Note when a message came, by `time.monotonic`."""
        self._came.append(arrived)

    def next_window(self) -> Window:
        """Return when to look out for the next; an empty one: there is no telling."""
        first, second, third, last = self._came
        periods = second - first, third - second, last - third
        longest = max(periods)
        if longest > _LONGEST_PERIOD or longest - min(periods) > _STEADY * longest:
            return Window()
        due, margin = last + (last - first) / 3, min(_MARGIN, _SHARE * longest)
        return Window(due - margin, due + margin, longest >= _COLD)


class LookingOut:
    """Waits in an executor of rclpy."""

    def __init__(self, spin_once: Callable[[float], None]):
        """Wait with ``spin_once(seconds)``, which runs one callback."""
        self._spin_once = spin_once
        self.rhythms: list[Rhythm] = []
        """Of the topics whose messages are to be looked out for."""
        self.rehearsals: list[Callable[[], None]] = []
        """What parts of these messages' rounds do, without any effect, before one is due; one that
        raises is left out from then on, without a word."""
        self._core = OfferedCore()

    def wait(self, seconds: float, now: float) -> None:
        """Run the next callback; return without one after ``seconds``, or a little before."""
        until = now + seconds
        window = self._window(now)
        begin, end = window.begin, window.end
        is_rehearsed = window.is_cold and bool(self.rehearsals)
        if is_rehearsed:
            begin -= _REHEARSAL
        if begin > now:
            self._spin_once(min(seconds, begin - now))
            now = monotonic()
            if now < begin or now >= until:
                return
            if is_rehearsed:
                now = self._rehearse()
        elif end <= now:
            self._spin_once(seconds)
            return
        self._look_out(now, min(end, until))

    def _rehearse(self) -> float:
        """Run everything once that is about to be needed; return what time it is then."""
        for rehearsal in list(self.rehearsals):
            try:
                rehearsal()
            except Exception:  # whose it is has said so
                self.rehearsals.remove(rehearsal)
        return monotonic()

    def _window(self, now: float) -> Window:
        """Return when to look out next."""
        found = Window()
        if self._core.is_to_be_had(now):
            for rhythm in self.rhythms:
                window = rhythm.next_window()
                if window.end > now and (not found.end or window < found):
                    found = window
        return found

    def _look_out(self, now: float, until: float) -> None:
        self._core.begin()
        is_taken = False
        while now < until:
            self._spin_once(_NOW)
            before, now = now, monotonic()
            if now - before > _CALLBACK:
                self._core.was_worth_it()
                return
            if is_taken:
                break
            now, is_taken = self._core.offer(now)
        if is_taken:
            self._core.leave(now)
