"""The four usual uses of `Node.run_blocking`: cached reads, polls, batched writes, start-up work.

They share the node's threads: a node with several of them says so in ``blocking_calls``, or one
that hangs holds up the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from dnne_ros.errors import describe
from dnne_ros.node_api.event_waits import came_within

if TYPE_CHECKING:
    from dnne_ros.node_api.node import Node

T = TypeVar("T")


class LatestValue(Generic[T]):
    """Reads a device that is at times late or absent; meanwhile what it said last counts.

    A read that comes late is kept for the next time.  ``misses`` counts reads that gave nothing
    in time and ``error`` says why the last one did, "" if it was good.
    """

    def __init__(self, node: Node, read: Callable[[], T], *, timeout: float,
                 max_age: float = float("inf"), on: tuple[type[Exception], ...] = (OSError,)):
        """Wait ``timeout`` seconds for ``read()``, and put up with a value ``max_age`` s old.

        ``on``: the errors of a device that may come back; others are raised.
        """
        self._node = node
        self._read = read
        self._timeout = timeout
        self._max_age = max_age
        self._on: tuple[type[Exception], ...] = (*on, TimeoutError)
        self._kept: list[T] = []
        self._since = 0.0
        self.misses = 0
        self.error = ""

    @property
    def age(self) -> float:
        """Seconds since the kept value came; infinite before the first."""
        return self._node.context.steady.now() - self._since if self._kept else float("inf")

    async def get(self) -> T:
        """Return a new value, or the kept one.

        Raises what the read raised (TimeoutError if it is late) when there is no kept value or
        it is too old.
        """
        try:
            self._keep(await self._node.run_blocking(
                self._read, timeout=self._timeout, late=self._keep))
            self.error = ""
        except self._on as error:
            self.misses += 1
            self.error = describe(error)
            if self.age > self._max_age or not self._kept:
                raise
        return self._kept[0]

    def _keep(self, value: T) -> None:
        self._kept = [value]
        self._since = self._node.context.steady.now()


class PeriodicPoll(Generic[T]):
    """Asks for something at a lower rate than the node's: a battery's charge, a file's content.

    ``value`` never waits: it is what the last poll gave.  A poll that fails leaves the value as
    it is and is noted in ``error``.
    """

    def __init__(self, node: Node, ask: Callable[[], T], *, seconds: float, first: T,
                 timeout: float | None = None):
        """Call ``ask()`` at most every ``seconds``, when `value` is read; ``first`` until then."""
        self._node = node
        self._ask = ask
        self._seconds = seconds
        self._timeout = timeout
        self._value = first
        self._due = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self.error = ""

    @property
    def value(self) -> T:
        """The newest answer; a new poll starts if one is due and none is under way."""
        now = self._node.context.steady.now()
        if now >= self._due and (self._asking is None or self._asking.done()):
            self._due = now + self._seconds
            self._asking = asyncio.get_running_loop().create_task(self._poll())
        return self._value

    async def _poll(self) -> None:
        try:
            self._take(await self._node.run_blocking(
                self._ask, timeout=self._timeout, late=self._take))
        except Exception as error:  # the node goes on with the last value and can look at this
            self.error = describe(error)

    def _take(self, value: T) -> None:
        self._value = value
        self.error = ""


class BatchedWriter(Generic[T]):
    """Writes items in batches: a log, a data base, a slow bus.

    A batch goes when it is full, or ``seconds`` after its first item.  While one is being
    written the next fills; when that is full too, `add` waits.  An error of ``write`` is raised
    by the next `add`, or by `close`; the items of its batch are lost.
    """

    def __init__(self, node: Node, write: Callable[[Sequence[T]], Any], *, max_items: int,
                 seconds: float, timeout: float | None = None):
        """Call ``write(items)`` with up to ``max_items``, waiting ``timeout`` seconds for it."""
        self._node = node
        self._write = write
        self._max_items = max_items
        self._seconds = seconds
        self._timeout = timeout
        self._items: list[T] = []
        self._writing: asyncio.Task[None] | None = None
        self._full = asyncio.Event()
        self._taken = asyncio.Event()
        self._closing = False

    async def add(self, item: T) -> None:
        """Take an item; waits while as many are pending as go into a batch."""
        while len(self._items) >= self._max_items and self._writing is not None \
                and not self._writing.done():
            self._taken.clear()
            await self._taken.wait()
        self._raise_failure()
        self._items.append(item)
        if len(self._items) >= self._max_items:
            self._full.set()
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write_on())
            self._writing.add_done_callback(lambda _: self._taken.set())

    async def close(self) -> None:
        """Write what is left: call it in the node's `close`."""
        self._closing = True
        self._full.set()
        if self._writing is not None:
            await asyncio.wait({self._writing})
            self._raise_failure()
        while self._items:
            await self._write_batch()

    def _raise_failure(self) -> None:
        if self._writing is not None and self._writing.done():
            writing, self._writing = self._writing, None
            if not writing.cancelled():
                writing.result()

    async def _write_on(self) -> None:
        while self._items:
            if len(self._items) < self._max_items and not self._closing:
                await came_within(self._full, self._seconds)
            await self._write_batch()

    async def _write_batch(self) -> None:
        batch, self._items = self._items[:self._max_items], self._items[self._max_items:]
        self._full.clear()
        self._taken.set()
        await self._node.run_blocking(lambda: self._write(batch), timeout=self._timeout)


class StartupWork(Generic[T]):
    """Work that takes long at the start, and that the graph need not wait for.

    It begins with the first question after it.  ``result_or`` lets a node go on with something
    else until it is done.
    """

    def __init__(self, node: Node, work: Callable[[], T]):
        """Call ``work()`` once."""
        self._node = node
        self._work = work
        self._task: asyncio.Task[T] | None = None

    def begin(self) -> asyncio.Task[T]:
        """Start the work if it has not begun; return the task that ends with its result."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(
                self._node.run_blocking(self._work))
        return self._task

    @property
    def done(self) -> bool:
        """Whether the result is there; asking begins the work."""
        return self.begin().done()

    async def result(self) -> T:
        """Return the result, waiting for it.  Raises what the work raised."""
        return await asyncio.shield(self.begin())

    def result_or(self, otherwise: T) -> T:
        """Return the result, or ``otherwise`` while there is none; raises what the work raised."""
        task = self.begin()
        return task.result() if task.done() else otherwise
