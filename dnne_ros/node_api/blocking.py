"""Threads of a node's own for calls that block: devices, files, other people's services."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from dnne_ros.errors import describe

T = TypeVar("T")

_Job = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class BlockingCalls:
    """Runs blocking calls in threads, at most ``at_once`` at a time and in the order asked for.

    With one at a time all calls share one thread, as many device libraries want it.  A call that
    never returns cannot be ended: its thread is left behind and holds nothing up at the exit.
    """

    def __init__(self, name: str, at_once: int = 1):
        """Name the threads after ``name``; none is started before it is needed."""
        self._name = name
        self._at_once = at_once
        self._free = asyncio.Semaphore(at_once)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._running = 0
        self._closed = False
        self._answering = threading.Lock()

    @property
    def running(self) -> int:
        """Return how many calls are under way."""
        return self._running

    async def run(self, call: Callable[[], T], timeout: float | None = None,
                  late: Callable[[T], None] | None = None) -> T:
        """Return what ``call()`` returns, or raise what it raises.

        Raises TimeoutError when ``timeout`` seconds have passed, waiting for a free thread
        included.  A call that had begun by then, or when this is cancelled, goes on: what it
        returns later is given to ``late`` (in the event loop's thread), or dropped.  Until then
        it counts as one of those at a time.
        """
        if self._closed:
            raise RuntimeError("the node is closed: no blocking calls any more")
        deadline = None if timeout is None else time.monotonic() + timeout
        if self._free.locked():
            await self._wait_for_a_thread(timeout)
        else:
            await self._free.acquire()
        answer = self._start(call)
        try:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            done, _ = await asyncio.wait({answer}, timeout=left)
        except asyncio.CancelledError:
            answer.add_done_callback(lambda answer: _use_late(answer, late))
            raise
        if done:
            return answer.result()
        answer.add_done_callback(lambda answer: _use_late(answer, late))
        raise TimeoutError(f"a blocking call took longer than {timeout:g} s")

    async def _wait_for_a_thread(self, timeout: float | None) -> None:
        free = asyncio.ensure_future(self._free.acquire())
        try:  # not wait_for: before Python 3.12 it may swallow being cancelled
            await asyncio.wait({free}, timeout=timeout)
        except asyncio.CancelledError:
            self._give_up(free)
            raise
        if not free.done():
            self._give_up(free)
            raise TimeoutError(f"earlier blocking calls took longer than {timeout:g} s")

    def _give_up(self, free: asyncio.Future[Any]) -> None:
        if free.done():
            self._free.release()
        else:
            free.cancel()

    def _start(self, call: Callable[[], T]) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        answer.add_done_callback(self._make_room)
        if self._running == len(self._threads):
            self._threads.append(threading.Thread(
                target=self._serve, name=f"{self._name} blocking", daemon=True))
            self._threads[-1].start()
        self._running += 1
        self._jobs.put((call, answer, loop))
        return answer

    def _make_room(self, answer: asyncio.Future[Any]) -> None:
        self._running -= 1
        self._free.release()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            call, answer, loop = job
            try:
                result = call()
            except BaseException as error:  # whatever it is, it belongs to who awaits the call
                self._answer(loop, answer.set_exception, _as_exception(error))
            else:
                self._answer(loop, answer.set_result, result)

    def _answer(self, loop: asyncio.AbstractEventLoop, say: Callable[[Any], None], what: Any
                ) -> None:
        with self._answering:
            if not self._closed:  # the loop is there as long as this is open
                loop.call_soon_threadsafe(say, what)

    async def close(self, seconds: float = 0.5) -> int:
        """End the threads; return how many calls have not returned within ``seconds``."""
        for _ in self._threads:
            self._jobs.put(None)
        deadline = time.monotonic() + seconds
        while self._running and time.monotonic() < deadline:  # noqa: ASYNC110 - threads end it
            await asyncio.sleep(0.005)
        with self._answering:
            self._closed = True
        if not self._running:
            for thread in self._threads:
                thread.join()
        return self._running


def _as_exception(error: BaseException) -> BaseException:
    """Return an exception that a future takes and that ends no event loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(f"a blocking call raised {describe(error)}")


def _use_late(answer: asyncio.Future[Any], late: Callable[[Any], None] | None) -> None:
    if not answer.cancelled() and answer.exception() is None and late is not None:
        late(answer.result())
