"""What a node is given again, in the order in which it took it.

The rows of its log are gone through one by one.  What the node takes waits for it to ask; what it
sent waits until it has sent as much; a rest is over when it was over; a parameter or a change of a
model comes when it does nothing else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dnne_ros.node_api.event_waits import came_within
from dnne_ros.recording.node_log import Kind, Row, Shows
from dnne_ros.replaying.recorded_loop import RecordedLoop

_NOTHING = object()


class Ended(Exception):
    """There is no item: the recording ends before it."""


class NodeFeed:
    """Gives a node the items of its log."""

    def __init__(self, rows: Sequence[Row], begin_ns: int, loop: RecordedLoop,
                 fetch: Mapping[int, Callable[[int], Any]], apply: Callable[[Row], None]):
        """Go through ``rows``, of a recording that begins at ``begin_ns``.

        ``fetch`` gives an item by its number, by input; `LookupError` while it is not there yet,
        `Ended` if it never will be.  ``apply(row)`` does what a row of another kind says, or
        raises `Ended`, too.
        """
        self._rows = [row for row in rows if row.kind not in (Kind.CLOCK, Kind.BOUNDARY)]
        self._clocks = {what: deque(row.number for row in rows
                                    if row.kind == Kind.CLOCK and row.port == what)
                        for what in Shows}
        self._shown = dict.fromkeys(Shows, (begin_ns, 0.0))
        """What each clock has shown last, and when that was."""
        self._wakes = {row.number for row in rows if row.kind == Kind.WOKE}
        self._rests = 0
        self._resting: dict[int, asyncio.Future[None]] = {}
        self._woken: set[int] = set()
        self._boundaries = deque(bool(row.number) for row in rows if row.kind == Kind.BOUNDARY)
        self._begin_ns = begin_ns
        self._loop = loop
        self._fetch = fetch
        self._apply = apply
        self._next = 0
        self._sent: dict[int, int] = {}
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._applies = False
        self._works = False
        self.skipped: list[Row] = []
        """What the node has sent no more, although it did in the recording."""
        self.taken = 0
        self._let_work()  # until each of its coroutines has come to where it waits

    @property
    def through(self) -> bool:
        """Tell whether the node has had all that it took in the recording."""
        return self._next >= len(self._rows)

    @property
    def place(self) -> int:
        """Return how many rows it has gone through."""
        return self._next

    @property
    def row(self) -> Row | None:
        """Return the row that is next."""
        return None if self.through else self._rows[self._next]

    @property
    def asked(self) -> list[int]:
        """Return the inputs at which the node waits."""
        return [port for port, future in self._asked.items() if not future.done()]

    async def take(self, port: int) -> Any:
        """Return the next item of an input; TimeoutError if none came in time when it did."""
        if port in self._asked:
            raise RuntimeError("an input is read by two coroutines at once")
        future = self._asked[port] = self._loop.create_future()
        try:
            self.go_on()
            return await future
        finally:
            del self._asked[port]

    def note_sent(self, port: int, number: int) -> None:
        """Note that the node has sent the item of this number."""
        self._sent[port] = number
        self.go_on()

    def now_ns(self, what: Shows) -> int:
        """Return what a clock showed when the node looked at it, or may show after that."""
        shown, since = self._shown[what]
        now = self._loop.time()
        if not self._clocks[what]:
            return shown + round((now - since) * 1e9)
        shown = self._clocks[what].popleft()
        self._shown[what] = (shown, now)
        return shown

    async def rest(self, seconds: float | None, event: asyncio.Event | None = None) -> None:
        """Return when the node woke up, from as many rests as now.

        From one that was not over in the recording: after ``seconds``, None: never, or at an
        ``event``.
        """
        self._rests += 1
        number = self._rests
        if number in self._woken:
            await asyncio.sleep(0)
        elif number not in self._wakes:
            await came_within(event or asyncio.Event(), seconds)
        else:
            woken = self._resting[number] = self._loop.create_future()
            self.go_on()
            try:
                await woken
            finally:
                del self._resting[number]

    def saves(self) -> bool:
        """Tell whether the state was saved at the boundary that the node announces."""
        return self._boundaries.popleft() if self._boundaries else False

    def skip_unsent(self) -> bool:
        """Go on although the node has not sent what it did; false if it waits for nothing else."""
        row = self.row
        if row is None or row.kind != Kind.SENT or not (self.asked or self._resting):
            return False
        self.skipped.append(row)
        self._sent[row.port] = max(row.number, self._sent.get(row.port, 0))
        self.go_on()
        return True

    def go_on(self) -> None:
        """Go through the rows as far as the node has come."""
        while not self._applies and (row := self.row) is not None:
            if row.kind == Kind.SENT:
                if self._sent.get(row.port, 0) < row.number:
                    return
                self._next += 1
            elif self._works:
                return
            elif row.kind in (Kind.TAKEN, Kind.WAITED):
                if not self._give(row):
                    return
            elif row.kind == Kind.WOKE:
                if not self._is_due(row):
                    return
                self._next += 1
                self._wake(row.number)
            else:
                self._applies = True  # once the node waits for something
                self._loop.call_soon(self._apply_now, row)

    def _give(self, row: Row) -> bool:
        """Give the node what it waits for; false if it does not, or if that is not there yet."""
        future = self._asked.get(row.port)
        if future is None or future.done():
            return False
        if not self._is_due(row):
            return False
        if row.kind == Kind.WAITED:
            future.set_exception(TimeoutError("no item came in time"))
        else:
            try:
                value = self._fetch[row.port](row.number)
            except LookupError:
                return False
            except Ended:
                self._next = len(self._rows)
                return False
            future.set_result(value)
            self.taken += 1
        self._next += 1
        self._let_work()
        return True

    def _let_work(self) -> None:
        """Go on when the node has done what it does with what it was given, not before."""
        self._works = True
        self._loop.call_when_idle(self._has_worked)

    def _has_worked(self) -> None:
        self._works = False
        self.go_on()

    def _is_due(self, row: Row) -> bool:
        """Tell whether it is time for a row; if not, go on then."""
        due = (row.time_ns - self._begin_ns) * 1e-9
        if due <= self._loop.time():
            return True
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._come)
        return False

    def _wake(self, rest: int) -> None:
        """End a rest, also one that a node begins late."""
        self._woken.add(rest)
        woken = self._resting.get(rest)
        if woken is not None and not woken.done():
            woken.set_result(None)
            self._let_work()

    def _come(self) -> None:
        self._timer = None
        self.go_on()

    def _apply_now(self, row: Row) -> None:
        self._applies = False
        try:
            self._apply(row)
        except Ended:
            self._next = len(self._rows)
            return
        self._next += 1
        self.go_on()
