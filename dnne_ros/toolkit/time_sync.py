"""Items of several streams that belong together by their stamps, as message_filters finds them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

_JUMP_NS = 1_000_000_000
"""A stamp that lies so far before the last one of its stream means that time has jumped back."""


class Stamped(NamedTuple):
    """An item, and when it was measured, in ns."""

    stamp: int
    item: Any


Set = tuple[Stamped, ...]
"""One item of each stream."""


class ExactTime:
    """Finds items with equal stamps.

    Of a stamp that is not complete no more is kept once a later one is, or ``queue`` later ones
    have come.
    """

    def __init__(self, streams: int, queue: int):
        """Join ``streams`` streams."""
        self.dropped = [0] * streams
        """How many items of each stream will never be in a set."""
        self._queue = queue
        self._begun: dict[int, dict[int, Any]] = {}
        self._done = -1

    def add(self, stream: int, stamp: int, item: Any) -> list[Set]:
        """Take an item in; return the set that it completes, in a list."""
        if self._done - stamp > _JUMP_NS:
            self._drop(list(self._begun))
            self._done = -1
        begun = self._begun.setdefault(stamp, {})
        if stamp <= self._done or stream in begun:
            self.dropped[stream] += 1  # too late, or a second one of the same time
            if not begun:
                del self._begun[stamp]
            return []
        begun[stream] = item
        sets: list[Set] = []
        if len(begun) == len(self.dropped):
            sets.append(tuple(Stamped(stamp, begun[each]) for each in range(len(begun))))
            del self._begun[stamp]
            self._done = stamp
            self._drop([each for each in self._begun if each < stamp])
        self._drop(sorted(self._begun)[:-self._queue])
        return sets

    def _drop(self, stamps: list[int]) -> None:
        for stamp in stamps:
            for stream in self._begun.pop(stamp):
                self.dropped[stream] += 1


class ApproximateTime:
    """Finds items whose stamps are near each other: the ApproximateTime policy.

    Sets do not share items and do not cross, and each is the one of least extent that holds its
    pivot: the item that was the latest when the first possible set was found.  A set is given as
    soon as no later item can make a better one.  The algorithm needs no parameter to be right;
    ``slop`` is the greatest extent of a set.  http://wiki.ros.org/message_filters/ApproximateTime
    """

    def __init__(self, streams: int, queue: int, slop: int, *, age_penalty: float = 0.1):
        """Join ``streams`` streams, of each of which at most ``queue`` items wait.

        ``slop`` in ns.  ``age_penalty``: a later set must be smaller by more than this share of
        the time by which it is later.
        """
        self.dropped = [0] * streams
        """How many items of each stream will never be in a set."""
        self._queue, self._slop, self._weight = queue, slop, 1.0 + age_penalty
        self._ahead: list[deque[Stamped]] = [deque() for _ in range(streams)]
        """What has not been looked at."""
        self._behind: list[list[Stamped]] = [[] for _ in range(streams)]
        """What has been passed by in the search for a better set than the candidate."""
        self._lacks = [False] * streams
        """Whether what was dropped of a stream might have been better than what there is."""
        self._candidate: Set = ()
        self._pivot: int | None = None
        self._pivot_stamp = 0
        self._last = [0] * streams

    def add(self, stream: int, stamp: int, item: Any) -> list[Set]:
        """Take an item in; return the sets that are certain now.

        An item that is before the last one of its stream is dropped; by more than a second, time
        has jumped back, and all that waits is dropped instead.
        """
        late = self._last[stream] - stamp
        if late > _JUMP_NS:
            self._begin_anew()
        elif late > 0:
            self.dropped[stream] += 1
            return []
        self._last[stream] = stamp
        self._ahead[stream].append(Stamped(stamp, item))
        sets = list(self._search()) if len(self._ahead[stream]) == 1 else []
        if len(self._ahead[stream]) + len(self._behind[stream]) > self._queue:
            self._turn_back()
            self._drop_first(stream)
            self._lacks[stream] = True
            if self._pivot is not None:
                self._candidate, self._pivot = (), None
                sets += self._search()
        return sets

    def _begin_anew(self) -> None:
        self._turn_back()
        for stream, ahead in enumerate(self._ahead):
            self.dropped[stream] += len(ahead)
            ahead.clear()
        self._candidate, self._pivot = (), None
        self._last = [0] * len(self._last)
        self._lacks = [False] * len(self._lacks)

    def _search(self) -> Iterator[Set]:
        while all(self._ahead):
            heads = [ahead[0].stamp for ahead in self._ahead]
            first, last = heads.index(min(heads)), _last_place(heads)
            start, end = heads[first], heads[last]
            for stream in range(len(heads)):
                if stream != last:
                    self._lacks[stream] = False
            if self._pivot is None:
                if end - start > self._slop or self._lacks[last]:
                    self._drop_first(first)
                    continue
                self._pivot, self._pivot_stamp = last, end
                self._choose()
            elif self._is_better(start, end):
                self._choose()
            self._pass(first)
            if first == self._pivot or self._is_best(end) or (
                    not all(self._ahead) and self._will_be_best()):
                yield self._given()

    def _choose(self) -> None:
        """Take the heads for the candidate: what is behind them is of no use any more."""
        self._candidate = tuple(ahead[0] for ahead in self._ahead)
        for stream, behind in enumerate(self._behind):
            self.dropped[stream] += len(behind)
            behind.clear()

    @property
    def _extent(self) -> tuple[int, int]:
        stamps = [each.stamp for each in self._candidate]
        return min(stamps), max(stamps)

    def _is_better(self, start: int, end: int) -> bool:
        begin, finish = self._extent
        return (end - finish) * self._weight < start - begin

    def _is_best(self, end: int) -> bool:
        """Tell whether each set with the pivot that ends at ``end`` or later is worse."""
        begin, finish = self._extent
        return (end - finish) * self._weight >= self._pivot_stamp - begin

    def _will_be_best(self) -> bool:
        """Tell whether no item that may still come can make a better set than the candidate.

        None comes before the pivot where all that came before has been looked at.
        """
        moves: list[int] = []
        while True:
            heads = [ahead[0].stamp if ahead else max(self._pivot_stamp, behind[-1].stamp)
                     for ahead, behind in zip(self._ahead, self._behind, strict=True)]
            first = heads.index(min(heads))
            best = self._is_best(max(heads))
            if best or self._is_better(heads[first], max(heads)):
                for stream in reversed(moves):
                    self._ahead[stream].appendleft(self._behind[stream].pop())
                return best
            self._pass(first)
            moves.append(first)

    def _given(self) -> Set:
        given, self._candidate, self._pivot = self._candidate, (), None
        self._turn_back()
        for ahead in self._ahead:
            ahead.popleft()
        return given

    def _pass(self, stream: int) -> None:
        self._behind[stream].append(self._ahead[stream].popleft())

    def _turn_back(self) -> None:
        for ahead, behind in zip(self._ahead, self._behind, strict=True):
            ahead.extendleft(reversed(behind))
            behind.clear()

    def _drop_first(self, stream: int) -> None:
        self._ahead[stream].popleft()
        self.dropped[stream] += 1


def _last_place(stamps: list[int]) -> int:
    """Return where the greatest is; of equal ones the last, as message_filters takes it."""
    return len(stamps) - 1 - stamps[::-1].index(max(stamps))
