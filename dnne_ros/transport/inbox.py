"""Items that have come to one input and wait to be taken."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from heapq import heappop, heappush
from typing import Any

from dnne_ros.transport.breathing import Breathing
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.stats import EdgeStats


class Gathering:
    """Takes items one by one until a batch is full.

    So a batch may be larger than what an edge holds; and a call that is cancelled loses nothing:
    what it had taken belongs to the next call.
    """

    def __init__(self, take: Callable[[float | None], Awaitable[Any]]):
        """Gather what ``take(timeout)`` returns."""
        self._take = take
        self.items: list[Any] = []
        """What a cancelled call has left behind."""

    def pop(self) -> Any:
        """Return the first item that a cancelled call has left behind."""
        return self.items.pop(0)

    async def batch(self, max_items: int, timeout: float | None) -> list[Any]:
        """Return ``max_items`` items, or those that came within ``timeout`` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while len(self.items) < max_items:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                self.items.append(await self._take(left))
            except TimeoutError:
                break
        batch, self.items = self.items[:max_items], self.items[max_items:]
        return batch


class Inbox:
    """A first-in first-out buffer with one reader, in one event loop.

    `offer` never waits: keeping to the capacity of a lossless edge is its sender's business (it
    waits while `span` has reached it).
    """

    def __init__(self, policy: EdgePolicy, capacity: int, stats: EdgeStats,
                 on_taken: Callable[[], None] | None = None):
        """Hold at most ``capacity`` items (one under ``latest``); call ``on_taken`` after each."""
        self._items: deque[Any] = deque()
        self.span: Callable[[], int] = self._items.__len__
        """Returns how many items have come since the oldest one that waits, with that one."""
        self.pop: Callable[[], Any] = self._items.popleft
        """Returns the first item, which nobody has counted yet."""
        self.append: Callable[[Any], None] = self._items.append
        """Adds an item of which the reader is not told yet."""
        self._limit = {EdgePolicy.LOSSLESS: 0, EdgePolicy.LATEST: 1,
                       EdgePolicy.DROP_OLDEST: capacity}[policy]
        self._counts_drops = policy is EdgePolicy.DROP_OLDEST
        self._stats = stats
        self._on_taken = on_taken
        self._reader: asyncio.Future[None] | None = None
        self.on_awaited: Callable[[], bool] | None = None
        """Called when an item comes that the reader waits for; true: it was taken by `take_now`,
        or will be, and the reader goes on waiting."""
        self.on_taking: Callable[[], bool] | None = None
        """Called when the reader would take an item that is there; true: it sleeps instead, and
        is to be woken by `wake`."""
        self.gathering = Gathering(self._take)
        self._breathing = Breathing()
        self._taken_at_once = 0

    def __len__(self) -> int:
        return len(self._items)

    def number(self, came: int) -> int:
        """Return which item was given out last, when ``came`` have come in all."""
        return came - self.span() - len(self.gathering.items)

    @property
    def awaited(self) -> bool:
        """Tell whether somebody waits for an item."""
        return self._reader is not None

    def is_parked(self) -> bool:
        """Tell whether somebody waits for an item, and is not awake yet."""
        return self._reader is not None and not self._reader.done()

    def wake(self) -> None:
        """Let who waits take an item that is there, where it is kept asleep."""
        if self._items and self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def tell(self, count: int) -> None:
        """Tell the reader of items that were added by `append`, as if each came now."""
        for _ in range(count):
            if not self._items or self._reader is None or self._reader.done():
                return
            self._wake_reader()

    def offer(self, item: Any) -> None:
        """Add an item; under ``latest`` and ``drop_oldest`` the oldest one makes room."""
        if self._limit and len(self._items) >= self._limit:
            self._items.popleft()
            self._stats.dropped += self._counts_drops
        self._items.append(item)
        if self._reader is not None:
            self._wake_reader()

    def take_now(self) -> Any:
        """Return the first item, of those that there are, while the reader waits for others."""
        item = self.pop()
        self._stats.received += 1
        if self._on_taken is not None:
            self._on_taken()
        return item

    def fail(self, error: BaseException) -> None:
        """Raise an error where the reader waits."""
        if self._reader is not None and not self._reader.done():
            self._reader.set_exception(error)

    def drop_first(self, count: int) -> None:
        """Forget the first ``count`` items: they are not for this reader."""
        for _ in range(count):
            self._items.popleft()

    def take(self, timeout: float | None = None) -> Coroutine[Any, Any, Any]:
        """Return the first item; TimeoutError when none came within ``timeout`` seconds."""
        return self._take_gathered() if self.gathering.items else self._take(timeout)

    async def _take_gathered(self) -> Any:
        return self.gathering.pop()

    async def _take(self, timeout: float | None) -> Any:
        if not self._items or (self.on_taking is not None and timeout is None
                               and self.on_taking()):
            if timeout is None and self._reader is None:  # the usual case, on the shortest way
                self._reader = asyncio.get_running_loop().create_future()
                try:
                    await self._reader
                finally:
                    self._reader = None
            else:
                await self._wait(timeout)
            self._breathing.forget()
            self._taken_at_once = 0
        elif self._taken_at_once >= self._breathing.every:
            if self._breathing.need_not():
                self._taken_at_once = 0
            else:
                await self._breathe()
        self._taken_at_once += 1
        item = self.pop()  # as `take_now`, without a call: this is on the way of every item
        self._stats.received += 1
        if self._on_taken is not None:
            self._on_taken()
        return item

    async def _breathe(self) -> None:
        """Let the loop turn: while there are items nothing waits, and none is to starve it."""
        self._breathing.note_turn()
        await asyncio.sleep(0)
        self._breathing.note_turned()
        self._taken_at_once = 0

    async def take_batch(self, max_items: int, timeout: float | None = None) -> list[Any]:
        """Return ``max_items`` items, or those that came within ``timeout`` seconds."""
        return await self.gathering.batch(max_items, timeout)

    def _wake_reader(self) -> None:
        reader = self._reader
        if reader is not None and not reader.done() and (
                self.on_awaited is None or not self.on_awaited()):
            reader.set_result(None)

    async def _wait(self, timeout: float | None) -> None:
        if self._reader is not None:
            raise RuntimeError("an input is read by two coroutines at once")
        loop = asyncio.get_running_loop()
        self._reader = loop.create_future()
        timer = None
        if timeout is not None:
            timer = loop.call_later(timeout, _expire, self._reader)
        try:
            await self._reader
        finally:
            self._reader = None
            if timer is not None:
                timer.cancel()


class PriorityInbox(Inbox):
    """Gives out the item with the smallest priority first, those of equal priority in order.

    ``priority(item)`` is asked once, when the item comes; what it raises, taking the item raises.
    `span` counts from the oldest item
    that waits, so an item is overtaken by fewer others than the edge's capacity: none starves.
    """

    def __init__(self, policy: EdgePolicy, capacity: int, stats: EdgeStats,
                 on_taken: Callable[[], None] | None = None, *,
                 priority: Callable[[Any], float]):
        """Order by ``priority``; only a lossless edge may, others give out the oldest first."""
        if policy is not EdgePolicy.LOSSLESS:
            raise ValueError(f"a priority needs a lossless edge, found {policy.value}")
        super().__init__(policy, capacity, stats, on_taken)
        self._items: list[tuple[float, int, Any]] = []  # type: ignore[assignment]
        self.span = self._count_overtaking
        self.pop = self._pop_first
        self.append = self.offer
        self._priority = priority
        self._came = 0
        self._since: dict[int, None] = {}
        self._failed: dict[int, Exception] = {}
        self._given = 0

    def number(self, came: int) -> int:
        """Return which item was given out last: not the first that came, perhaps."""
        return self._given

    def _count_overtaking(self) -> int:
        return self._came - next(iter(self._since)) if self._since else 0

    def offer(self, item: Any) -> None:
        """Add an item."""
        try:
            priority = float(self._priority(item))
            if math.isnan(priority):
                raise ValueError("an item's priority is not a number")
        except Exception as error:  # for the node that takes it, not for who brings it
            self._failed[self._came] = error
            priority = -math.inf
        heappush(self._items, (priority, self._came, item))
        self._since[self._came] = None
        self._came += 1
        self._wake_reader()

    def _pop_first(self) -> Any:
        _, number, item = heappop(self._items)
        self._given = number + 1
        del self._since[number]
        error = self._failed.pop(number, None)
        if error is not None:
            raise error
        return item


def make_inbox(policy: EdgePolicy, capacity: int, stats: EdgeStats,
               on_taken: Callable[[], None] | None = None,
               priority: Callable[[Any], float] | None = None) -> Inbox:
    """Return the inbox of an input, ordered by ``priority`` if there is one."""
    if priority is None:
        return Inbox(policy, capacity, stats, on_taken)
    return PriorityInbox(policy, capacity, stats, on_taken, priority=priority)


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError("no item came in time"))
