"""Workers that belong together: started, counted, replaced and stopped by one program."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dnne_ros.jobs.store.records import Job
from dnne_ros.jobs.store.statistics import statistics
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.work.warm import warm_server
from dnne_ros.jobs.work.words import FINISH, LEAVE
from dnne_ros.runtime.coordination.spawned_fork_server import SpawnedForkServer

_LOOK_SECONDS = 0.2
_SHORT_LIFE = 5.0
"""A worker that lives no longer is replaced only after as long: it may die each time."""


class _Member:
    """A worker, as its pool sees it."""

    def __init__(self, server: SpawnedForkServer, asked: str, log: Path):
        self.channel, theirs = socket.socketpair()
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            self.process = server.start(
                {"name": "jobs worker", "entry_point": "dnne_ros.jobs.work.worker:main",
                 "arguments": [asked]}, output, theirs.fileno())
        finally:
            theirs.close()
            os.close(output)
        self.born = time.monotonic()

    def tell(self, what: bytes) -> None:
        with contextlib.suppress(OSError):
            self.channel.send(what)


class WorkerPool:
    """Workers on this machine for some queues of a store.

    They are forks of one process that has loaded the engine, so they are there at once.  What
    happens to the program that made the pool happens to them: they give back what they run.
    """

    def __init__(self, store: JobStore, queues: Sequence[str] = ("default",),
                 gpus: Sequence[str] = (), server: SpawnedForkServer | None = None):
        """Serve ``queues``; jobs that need GPUs share those of the given ids.

        ``server`` is that of `warm_server`, if there is one already; it is closed by `stop`.
        """
        self.store = store
        self._queues = list(queues)
        self._asked = json.dumps({
            "store": store.url if store.is_server else str(store.folder),
            "folder": str(store.folder), "queues": self._queues, "gpus": list(gpus)})
        self._members: list[_Member] = []
        self._wanted = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = server
        self._keeper = threading.Thread(target=self._keep, daemon=True, name="pool of workers")

    def start(self, workers: int = 1) -> None:
        """Start so many workers, and replace those that die."""
        self.scale(workers)
        self._keeper.start()

    def scale(self, workers: int) -> None:
        """Have so many workers from now on; those that are too many finish what they run."""
        with self._lock:
            self._wanted = workers
            leaving, self._members = self._members[workers:], self._members[:workers]
            self._fill()
        for member in leaving:
            member.tell(FINISH)

    def stop(self, graceful: bool = True, timeout: float | None = None) -> None:
        """Have no workers any more.

        ``graceful``: let them finish what they run, for at most ``timeout`` seconds.  After that
        jobs are interrupted, which saves their checkpoints, and are queued again.
        """
        self._stopping.set()
        with self._lock:
            members, self._members = self._members, []
        if graceful:
            for member in members:
                member.tell(FINISH)
            self._await(members, timeout)
        for member in members:
            member.tell(LEAVE)
        self._await(members, None)
        if self._server is not None:
            self._server.close()

    def wait_until_complete(self, timeout: float | None = None,
                            seen: Callable[[list[Job]], None] | None = None) -> bool:
        """Wait until the queues have no job that has still to end; False after ``timeout`` s.

        ``seen`` is called with the running jobs, five times a second.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while self.store.open_count(self._queues):
            if until is not None and time.monotonic() > until:
                return False
            if seen is not None:
                seen(self.store.jobs(("running",)))
            time.sleep(_LOOK_SECONDS)
        return True

    def is_healthy(self) -> bool:
        """Tell whether all the wanted workers live."""
        with self._lock:
            return len(self._members) == self._wanted \
                and not any(member.process.ended.is_set() for member in self._members)

    def stats(self) -> dict[str, Any]:
        """Return `statistics` of the store, and the process ids of these workers."""
        with self._lock:
            pids = [member.process.pid for member in self._members]
        return {**statistics(self.store), "pids": pids}

    def _await(self, members: Sequence[_Member], timeout: float | None) -> None:
        until = None if timeout is None else time.monotonic() + timeout
        for member in members:
            left = None if until is None else max(0.0, until - time.monotonic())
            member.process.ended.wait(left)

    def _fill(self) -> None:
        while len(self._members) < self._wanted:
            self._members.append(self._new_member())

    def _new_member(self) -> _Member:
        log = self.store.folder / "workers.log"
        if self._server is not None:
            with contextlib.suppress(OSError):  # it has been killed
                return _Member(self._server, self._asked, log)
            self._server.close()
        self._server = warm_server()
        return _Member(self._server, self._asked, log)

    def _keep(self) -> None:
        """Replace workers that have died."""
        while not self._stopping.wait(_LOOK_SECONDS):
            with self._lock:
                now = time.monotonic()
                self._members = [
                    member for member in self._members
                    if not (member.process.ended.is_set() and now - member.born > _SHORT_LIFE)]
                if not self._stopping.is_set():
                    self._fill()
