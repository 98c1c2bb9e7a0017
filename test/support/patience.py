"""How long a test waits: not for a time, but while those it waits for have something to do."""

import asyncio
import os
import time
from pathlib import Path

import psutil

IDLE_SECONDS = 90.0
ALL_IDLE_SECONDS = 240.0
CPU_SECONDS = 500.0
LOOK_SECONDS = 1.0


class Patience:
    """Says when waiting for some processes, with all of their children, has become pointless.

    Three things end it, and none comes sooner on a machine that is slow or busy: `IDLE_SECONDS`
    in which no thread computed or waited for a core to compute on, and nothing came of it;
    `ALL_IDLE_SECONDS` of this, also where a word came now and then; and `CPU_SECONDS` of
    computing.  What idles most of the time, as one does that hangs but still gives its signs of
    life, counts as idle for that part of the time.
    """

    def __init__(self, process_ids, idle_seconds=IDLE_SECONDS, cpu_seconds=CPU_SECONDS,
                 all_idle_seconds=ALL_IDLE_SECONDS):
        """Watch the processes that ``process_ids()`` returns, from the first look on."""
        self._process_ids = process_ids
        self._idle_seconds = idle_seconds
        self._cpu_seconds = cpu_seconds
        self._all_idle_seconds = all_idle_seconds
        self._idle = self._all_idle = self._cpu = 0.0
        self._moved = None
        self._seen = None
        self._time = time.monotonic()

    def spent(self, moved=None):
        """Return why there is no point in waiting on, or nothing; ``moved`` changes with progress.

        Looks at most once in `LOOK_SECONDS`.
        """
        now = time.monotonic()
        if now - self._time < LOOK_SECONDS:
            return ""
        threads = {thread: times for process in self._process_ids()
                   for thread, times in threads_of(process).items()}
        if self._seen is not None:
            self._count(now - self._time, threads)
        if moved != self._moved:
            self._idle = 0.0
        self._seen, self._time, self._moved = threads, now, moved
        if self._idle > self._idle_seconds:
            return f"nothing has moved for {self._idle:.0f} s"
        if self._all_idle > self._all_idle_seconds:
            return f"{self._all_idle:.0f} s of waiting have led to nothing"
        if self._cpu > self._cpu_seconds:
            return f"{self._cpu:.0f} s of computing have led to nothing"
        return ""

    def _count(self, seconds, threads):
        busiest = 0.0
        for thread, (ran, waited) in threads.items():
            ran_before, waited_before = self._seen.get(thread, (0.0, 0.0))
            self._cpu += ran - ran_before
            busiest = max(busiest, ran - ran_before + waited - waited_before)
        idle = max(0.0, seconds - busiest)
        self._idle += idle
        self._all_idle += idle


def family_of(process_id):
    """Return the ids of a process and of all of its children, as far as they still run."""
    try:
        process = psutil.Process(process_id)
        return [process_id, *(child.pid for child in process.children(recursive=True))]
    except psutil.Error:
        return []


def threads_of(process_id):
    """Return by thread the seconds for which it computed, and waited for a core.

    The kernel counts the latter since it can be asked for them at all; nothing else tells a thread
    that others keep from working from one that has nothing to do.
    """
    found = {}
    for file in Path(f"/proc/{process_id}/task").glob("*/schedstat"):
        try:
            ran, waited, _ = map(int, file.read_text().split())
        except OSError:  # it has just ended
            continue
        found[file.parent.name] = (1e-9 * ran, 1e-9 * waited)
    return found


def own_family():
    """Return the ids of this process and of those that it has started."""
    return family_of(os.getpid())


def until_gone(processes):
    """Wait until no process is left of some that others wait for, or nobody."""
    patience = Patience(lambda: [process.pid for process in processes])
    while psutil.wait_procs(processes, timeout=0.1)[1]:
        assert not (reason := patience.spent()), reason


async def patiently(coroutine, commands=()):
    """Await a coroutine as long as there is a point in waiting for it; returns its result.

    It fails at once if one of ``commands``, which it hears from, has ended.
    """
    patience = Patience(own_family)
    task = asyncio.ensure_future(coroutine)
    reason = ""
    while not reason:
        done, _ = await asyncio.wait({task}, timeout=0.2)
        ended = [each for each in commands if each.returncode is not None]
        if ended and not done:
            done, _ = await asyncio.wait({task}, timeout=1.0)  # for what it has said before
        if done:
            return task.result()
        reason = f"a command has ended with exit code {ended[0].returncode}" if ended \
            else patience.spent([len(each.output) for each in commands])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for each in commands:
        each.abort()
    raise AssertionError("\n".join([reason, *(each.said() for each in commands)]))
