"""Who held the thread of a process when: its nodes share one.

That a node works says only that it waits at no port: it may wait for a timer or a device.  But
where others of its process act meanwhile, it does not hold the thread.  So of those who work
between two acts, the thread is that one's during whose work the others did the least; and who
would have held it for less than half of a stretch did not work then, but waited for something
that nobody recorded.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Work:
    """A stretch of time in which a node waits at no port, of the step of this number."""

    step: int
    node: str
    since: int
    until: int


class Thread:
    """The thread of one process."""

    def __init__(self, works: Iterable[Work], moments: Iterable[int]):
        """Find out who held it; ``moments`` are those at which any of its nodes acted."""
        times = sorted(set(moments))
        self._holds: list[Work] = []
        all_works = list(works)
        held: Counter[int] = Counter()
        for work, since, until in _turns(all_works, times):
            held[work.step] += until - since
        self.busy = {work.step for work in all_works
                     if 2 * held[work.step] > work.until - work.since}
        """The steps before which a node really worked."""
        for work, since, until in _turns(
                [work for work in all_works if work.step in self.busy], times):
            last = self._holds[-1] if self._holds else None
            if last is not None and last.step == work.step and last.until == since:
                self._holds[-1] = Work(work.step, work.node, last.since, until)
            else:
                self._holds.append(Work(work.step, work.node, since, until))
        self._starts = [hold.since for hold in self._holds]

    def others(self, node: str, since: int, until: int) -> list[Work]:
        """Return who else than ``node`` held it in some time, in order."""
        found = []
        for hold in self._holds[max(0, bisect_right(self._starts, since) - 1):]:
            if hold.since >= until:
                break
            if hold.until > since and hold.node != node:
                found.append(Work(hold.step, hold.node, max(since, hold.since),
                                  min(until, hold.until)))
        return found


def _turns(works: Sequence[Work], times: Sequence[int]) -> Iterable[tuple[Work, int, int]]:
    """Give who held the thread between each moment and the next, where somebody did."""
    disturbed = {id(work): bisect_left(times, work.until) - bisect_right(times, work.since)
                 for work in works}
    coming = sorted(works, key=lambda work: work.since, reverse=True)
    active: list[Work] = []
    for since, until in pairwise(times):
        while coming and coming[-1].since <= since:
            active.append(coming.pop())
        active = [work for work in active if work.until > since]
        if active:
            yield min(active, key=lambda work: disturbed[id(work)]), since, until
