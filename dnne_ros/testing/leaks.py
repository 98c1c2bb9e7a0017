"""What a node may leave behind: tasks, threads, open files."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from types import coroutine
from typing import Any

_TURNS = 10
_JOIN_SECONDS = 10.0
_FILES = Path("/proc/self/fd")
_LOOPS_OWN_THREADS = "asyncio_"
"""`asyncio.to_thread` keeps them for all who come, until the loop ends."""


class LeftBehindError(AssertionError):
    """Something is there that was not there before."""


class Inventory:
    """The tasks, threads and files that there are at one moment, in a running event loop."""

    def __init__(self) -> None:
        """Take stock."""
        self._tasks = asyncio.all_tasks()
        self._threads = set(threading.enumerate())
        self._files = _open_files()

    async def left_behind(self) -> list[str]:
        """Return what there is now and was not before, in words.

        What is about to end is given a few turns of the loop; a thread, time to end.
        """
        for _ in range(_TURNS):
            if not self._new_tasks():
                break
            await asyncio.sleep(0)
        found = [f"the task {_work_of(task)}" for task in self._new_tasks()]
        for thread in set(threading.enumerate()) - self._threads:
            if not thread.name.startswith(_LOOPS_OWN_THREADS):
                thread.join(_JOIN_SECONDS)
                if thread.is_alive():
                    found.append(f"the thread {thread.name}")
        found += [f"the open file {name}" for file, name in _open_files().items()
                  if self._files.get(file) != name]
        return found

    def _new_tasks(self) -> list[asyncio.Task[Any]]:
        return [task for task in asyncio.all_tasks() - self._tasks if not task.done()]


def _open_files() -> dict[str, str]:
    """Return what each file descriptor is; nothing where the kernel does not tell."""
    if not _FILES.is_dir():
        return {}
    found = {}
    for number in os.listdir(_FILES):
        try:
            found[number] = os.readlink(_FILES / number)
        except FileNotFoundError:  # the one that the folder was listed with
            continue
    return found


class _CountedTask(asyncio.Task[Any]):
    """A task that knows what it really does; its name is for who made it to set."""

    work: Any = None


def _work_of(task: asyncio.Task[Any]) -> str:
    """Return what a task does, in a word."""
    work = getattr(task, "work", None)
    return str(getattr(work, "__qualname__", task.get_name()))


class Suspensions:
    """Counts how often the tasks of an event loop come to a point where they wait.

    At number ``stop_at`` it calls ``stop``, from within the task that waits there.
    """

    def __init__(self, stop_at: int | None = None, stop: Callable[[], object] = lambda: None):
        """Count the tasks that are created from `install` on."""
        self.count = 0
        self._stop_at = stop_at
        self._stop = stop

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have ``loop`` make tasks that are counted; without a task factory it makes others."""
        loop.set_task_factory(self._make_task)

    def _make_task(self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any
                   ) -> asyncio.Task[Any]:
        task = _CountedTask(self._counted(work), loop=loop, **options)
        task.work = work
        task.add_done_callback(lambda _: work.close())  # it may have been cancelled unbegun
        return task

    async def _counted(self, work: Coroutine[Any, Any, Any]) -> Any:
        return await self._step(work)

    @coroutine
    def _step(self, work: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Do what ``yield from`` does, and look at each value that passes."""
        advance = _sender(work, None)
        while True:
            try:
                waits_for = advance()
            except StopIteration as end:
                return end.value
            self.count += 1
            if self.count == self._stop_at:
                self._stop()
            try:
                sent = yield waits_for
            except BaseException as error:  # being cancelled, for one, is the coroutine's affair
                advance = _thrower(work, error)
            else:
                advance = _sender(work, sent)


def _sender(work: Coroutine[Any, Any, Any], value: Any) -> Callable[[], Any]:
    return lambda: work.send(value)


def _thrower(work: Coroutine[Any, Any, Any], error: BaseException) -> Callable[[], Any]:
    return lambda: work.throw(error)
