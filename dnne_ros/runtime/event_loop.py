"""One asyncio loop that also serves rclpy, in one thread.

asyncio waits in a selector for file descriptors; rclpy waits in an executor for DDS.  Running
them in two threads costs two thread switches and a fight for the interpreter lock on every
message.  Here the loop's selector waits where something is to be expected, and a callback runs
in the thread that was waiting for it.

While files are quiet (signals, results of other threads), it waits in the executor, and a
sleeping thread watches the files and pokes it.  While they are busy (edges between processes of
one machine are sockets), it waits for files and looks at DDS every millisecond.
"""

from __future__ import annotations

import asyncio
import os
import select
import selectors
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.runtime.looking_out import LookingOut
from dnne_ros.runtime.priorities import ReadyByPriority
from dnne_ros.runtime.steady_dds import SteadyDds
from dnne_ros.runtime.watching_out import WatchingOut
from dnne_ros.transport.breathing import Turns

if TYPE_CHECKING:
    from rclpy.context import Context

POLL_INTERVAL = 0.001
"""Seconds between looks at DDS while files or coroutines keep the loop busy."""

_EXPIRED = -1.0  # rclpy rounds a timeout of 0 up by 50 µs; one in the past returns at once
_FOREVER = 3600.0
_LOOKING_SHARE, _LONGEST_BETWEEN = 0.0025, 0.05
"""How much of the time may go into looks that find nothing while coroutines keep it busy, and the
seconds between two of them at most: after a node's work, a look has to be read from memory."""
_IDLE_POLL_INTERVAL = 0.004
"""The same while it waits for files."""
_PUT_OFF_SECONDS = 0.002
"""For how long a look at DDS, which takes as long as an item, is put off for files that are
ready, or will be soon."""
_BUSY_SECONDS = 0.02
"""How long after the last event of a file the next one is waited for there."""


class RosSelector(selectors.BaseSelector):
    """Waits for DDS events in an rclpy executor, and for file descriptors beside it."""

    def __init__(self, context: Context):
        """Make the executor of ``context``; nodes are added to ``executor``."""
        from rclpy.experimental.events_executor import EventsExecutor

        self.executor = EventsExecutor(context=context)
        self.looking_out = LookingOut(self.executor.spin_once)
        self._drained = True
        self._files = selectors.EpollSelector()
        self._epoll = select.epoll.fromfd(os.dup(self._files.fileno()))
        self._watching = WatchingOut(self._epoll.poll)
        self._wait = self._watching.wait
        self._served: dict[int, tuple[Callable[[int], None], int]] = {}
        self._before_wait: list[Callable[[], None]] = []
        self._in_a_while: list[Callable[[], None]] = []
        self._files_ready = False
        self._files_watched = threading.Event()
        self._closing = False
        self._busy_until = 0.0
        self._next_poll = self._next_look = 0.0
        """When DDS is to be looked at, busy with files and busy with coroutines."""
        self._next_say = 0.0
        """When what is called in a while is called again, while looks at DDS are put off."""
        self._dds = SteadyDds()
        """While it is steady, DDS is waited for, and files are looked after by the thread: to
        robots that speak, a millisecond is long."""
        self._put_off = 0.0
        """For how long a look at DDS was put off: the longer, the less it has brought."""
        self._files_watched.set()
        self._watcher = threading.Thread(target=self._watch_files, daemon=True,
                                         name="file watcher")
        self._watcher.start()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Run what is due in the executor; wait up to ``timeout`` seconds for the first event."""
        Turns.count += 1
        if self._before_wait:
            self._before_wait = _called(self._before_wait)
        now = time.monotonic()
        if now < self._busy_until and not self._dds.goes_on(now):
            return self._select_files(timeout, now)
        if self._in_a_while:
            self._in_a_while = _called(self._in_a_while)
        if timeout is None or timeout > 0:
            if not self._files_ready:
                self._wait_for_dds(_FOREVER if timeout is None else timeout, now)
        elif now >= self._next_look:
            self._drain(now)
            self._files_watched.set()  # a loop that is always busy must see its signals, too
        if not self._files_ready:
            return []
        self._files_ready = False
        self._busy_until = time.monotonic() + _BUSY_SECONDS
        return self._serve(self._epoll.poll(0))

    def is_due(self, now: float, patient: bool = False) -> bool:
        """Tell whether DDS, files or somebody else waits for `select` to be called again.

        ``patient``: a look at DDS is due where it has been put off for twice as long.
        """
        look = self._next_look + (self._put_off if patient else 0.0)
        return bool(self._files_ready or now >= look or now < self._busy_until
                    or self._before_wait or self._in_a_while)

    def _wait_for_dds(self, timeout: float, now: float) -> None:
        self._files_watched.set()
        self.looking_out.wait(timeout, now)
        ended = time.monotonic()
        if not self._files_ready and ended - now < timeout:
            self._dds.note(ended)

    def _select_files(self, timeout: float | None, now: float
                      ) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for files, at most until DDS is to be looked at."""
        ready: list[tuple[int, int]] = []
        if now >= self._next_poll:
            if self._in_a_while and now >= self._next_say:
                self._in_a_while = _called(self._in_a_while)
                self._next_say = now + POLL_INTERVAL
            if now < self._next_poll + _PUT_OFF_SECONDS:
                most = self._watching.patience
                ready = self._wait(most if timeout is None or timeout > most else timeout)
            if not ready:
                self._drain(now)
                timeout = 0  # a callback may have made something ready
        if not ready:
            wait = self._next_poll - now
            if not self._in_a_while:
                wait += _IDLE_POLL_INTERVAL - POLL_INTERVAL
            ready = self._wait(wait if timeout is None or timeout > wait else timeout)
        if not ready:
            return []
        self._busy_until = now + _BUSY_SECONDS
        return self._serve(ready)

    def _serve(self, ready: list[tuple[int, int]]) -> list[tuple[selectors.SelectorKey, int]]:
        """Call who is served at once; return what is for asyncio."""
        others = []
        for file, seen in ready:
            # As `selectors` reads it: whatever is wrong with a file, who reads and who writes see.
            events = (seen & ~select.EPOLLIN and selectors.EVENT_WRITE) | (
                seen & ~select.EPOLLOUT and selectors.EVENT_READ)
            if (served := self._served.get(file)) is not None:
                on_ready, wanted = served
                on_ready(events & wanted)
            elif (key := self._files.get_map().get(file)) is not None:
                others.append((key, events & key.events))
        return others

    def serve(self, file: Any, on_ready: Callable[[int], None], events: int) -> None:
        """Call ``on_ready(events)`` within the wait; asyncio would take another turn for it."""
        number = file.fileno()
        if number in self._served:
            self._files.modify(file, events)
        else:
            self._files.register(file, events)
        self._served[number] = (on_ready, events)

    def forget(self, file: Any) -> None:
        """Serve ``file`` no more."""
        self._files.unregister(file)
        del self._served[file.fileno()]

    def before_wait(self, call: Callable[[], None]) -> None:
        """Call ``call()`` once, at the end of this turn of the loop."""
        self._before_wait.append(call)

    def in_a_while(self, call: Callable[[], None]) -> None:
        """Call ``call()`` once: before the loop rests, or when it looks at DDS next."""
        self._in_a_while.append(call)

    @property
    def waits_for_files(self) -> bool:
        """Tell whether the wait may be one for files; it looks at that only before it waits."""
        return time.monotonic() < self._busy_until + 2 * POLL_INTERVAL

    def wake(self) -> None:
        """End the wait in `select`, from any thread."""
        self.executor.create_task(_nothing)

    def _drain(self, began: float) -> None:
        self._drained = False
        self.executor.create_task(self._mark)  # what lies before it in the queue is due
        calls = 0
        while not self._drained:  # one call runs one callback, or finds its message overwritten
            self.executor.spin_once(timeout_sec=_EXPIRED)
            calls += 1
        now = time.monotonic()
        self._next_poll = self._next_look = now + POLL_INTERVAL
        if calls > 1:
            self._dds.note(now)
            self._put_off = POLL_INTERVAL
        else:
            self._put_off = min(_LONGEST_BETWEEN, max(
                POLL_INTERVAL, (now - began) / _LOOKING_SHARE))
            self._next_look = now + self._put_off

    def _mark(self) -> None:
        self._drained = True

    def _watch_files(self) -> None:
        poll = select.poll()
        poll.register(self._files.fileno(), select.POLLIN)
        while True:
            self._files_watched.wait()
            poll.poll()
            if self._closing:
                return
            self._files_watched.clear()
            self._files_ready = True
            self.wake()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Watch a file descriptor."""
        return self._files.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Stop watching a file descriptor."""
        return self._files.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Change what is watched."""
        return self._files.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Return what is watched."""
        return self._files.get_map()

    def close(self) -> None:
        """Stop the watcher; the executor is shut down by who shuts down the context."""
        self._closing = True
        self._files_watched.set()
        read_end, write_end = _pipe()
        with read_end, write_end:
            self._files.register(read_end, selectors.EVENT_READ)
            write_end.write(b"\0")
            self._watcher.join()
        self._epoll.close()
        self._files.close()


def _called(calls: list[Callable[[], None]]) -> list[Callable[[], None]]:
    """Call all of ``calls``; return an empty list in their place, for those that come after."""
    for call in calls:
        call()
    return []


def _nothing() -> None:
    """Do nothing: being run is what ends the executor's wait."""


def _pipe() -> tuple[Any, Any]:
    read_end, write_end = os.pipe()
    return open(read_end, "rb", buffering=0), open(write_end, "wb", buffering=0)


class RosEventLoop(asyncio.SelectorEventLoop):
    """An asyncio event loop that serves the rclpy nodes added to its ``executor``."""

    def __init__(self, context: Context):
        """Serve the nodes of an initialised rclpy ``context``."""
        self.ros = RosSelector(context)
        super().__init__(self.ros)

    @property
    def executor(self) -> Any:
        """Return the rclpy executor that nodes are added to."""
        return self.ros.executor

    def run_forever(self) -> None:
        """Run until stopped, and let those know who ask whether it has to turn."""
        others, Turns.are_wanted = Turns.are_wanted, self._has_to_turn
        try:
            super().run_forever()
        finally:
            Turns.are_wanted = others

    def _has_to_turn(self, patient: bool = False) -> bool:
        now = self.time()
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        return bool(self._ready or self._stopping  # type: ignore[attr-defined]
                    or (timers and timers[0].when() <= now) or self.ros.is_due(now, patient))

    def go_by_priority(self) -> None:
        """Call what is ready by the priority of the node whose it is."""
        if not isinstance(self._ready, ReadyByPriority):
            self._ready: Any = ReadyByPriority(self._ready)

    def _write_to_self(self) -> None:
        # What `call_soon_threadsafe` ends a wait with: not by way of a pipe and the thread that
        # watches it, which takes twice as long.
        if self.ros.waits_for_files:
            super()._write_to_self()  # type: ignore[misc]  # asyncio's own, so no stub has it
        self.ros.wake()
