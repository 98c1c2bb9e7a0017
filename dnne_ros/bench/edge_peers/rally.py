"""The same work for every way of moving arrays: round trips, then a stream in one direction.

One end *serves*: it sends some items, then waits for one that comes back.  The other *returns*: it
takes the same number of items, then sends the last of them back.  So both follow the same list of
numbers, which a `Rally` yields; between two numbers it takes the time.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

LAST = -1.0
"""What ends a stream: the last element of its last item.  All other elements are from [0, 1)."""

_JOBS = "jobs.json"


@dataclass(frozen=True)
class Job:
    """What is done with one payload, in this order.

    ``payload`` bytes of float32; ``warm_up`` round trips that do not count, ``trips`` that do,
    then ``items`` in one direction, the last of which comes back.
    """

    payload: int
    warm_up: int
    trips: int
    items: int


def write_jobs(folder: Path, jobs: Sequence[Job]) -> None:
    """Leave the jobs in a folder for both ends."""
    (folder / _JOBS).write_text(json.dumps([asdict(job) for job in jobs]), encoding="utf-8")


def read_jobs(folder: Path) -> list[Job]:
    """Return the jobs that `write_jobs` left."""
    return [Job(**job)
            for job in json.loads((folder / _JOBS).read_text(encoding="utf-8"))]


def limit_life(seconds: int = 150) -> None:
    """End this process after ``seconds``, whatever it hangs in: nobody may be left to do so."""
    signal.alarm(seconds)


class Rally:
    """One end's way through the jobs; iterating yields how many items come before the next turn.

    ``received``: items of a stream that came, set by a returning end that may have lost some.
    """

    def __init__(self, folder: Path, role: str):
        """Follow the jobs in ``folder``; ``role`` names the file that `__iter__` leaves there."""
        self.received: int | None = None
        self._jobs = read_jobs(folder)
        self._file = folder / f"{role}.json"
        self._figures: list[dict[str, Any]] = []
        self._job = self._jobs[0]
        self._payload: tuple[Job | None, np.ndarray] = (None, np.empty(0, np.float32))

    @property
    def payload(self) -> np.ndarray:
        """Return what is served now: float32 (element,), the same object until the next job.

        Only a serving end asks, and pays: in one process the other's time is measured too.
        """
        if self._payload[0] is not self._job:
            values = np.random.default_rng(0).random(self._job.payload // 4, dtype=np.float32)
            self._payload = (self._job, values)
        return self._payload[1]

    def __iter__(self) -> Iterator[int]:
        """Yield the number of items up to each turn; at the end, write the figures."""
        for job in self._jobs:
            self._job = job
            self.received = None
            yield from repeat(1, job.warm_up)
            cpu = cpu_seconds()
            turns = [time.perf_counter()]
            for _ in range(job.trips):
                yield 1
                turns.append(time.perf_counter())
            cpu_between = cpu_seconds()
            started = time.perf_counter()
            yield job.items
            stream_s = time.perf_counter() - started
            trips = np.diff(turns)
            self._figures.append({
                "payload": job.payload, "p50_us": float(np.percentile(trips, 50)) * 1e6,
                "p99_us": float(np.percentile(trips, 99)) * 1e6,
                "trips_s": job.trips / (turns[-1] - turns[0]),
                "received": job.items if self.received is None else self.received,
                "items": job.items, "stream_s": stream_s, "trips": job.trips,
                "cpu_trips_s": cpu_between - cpu, "cpu_stream_s": cpu_seconds() - cpu_between,
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024})
            self._write()

    def note(self, **figures: Any) -> None:
        """Add to the figures of the payload that was finished last."""
        self._figures[-1].update(figures)
        self._write()

    def _write(self) -> None:
        aside = self._file.with_suffix(".part")
        aside.write_text(json.dumps(self._figures), encoding="utf-8")
        os.replace(aside, self._file)


def cpu_seconds() -> float:
    """Return this process' processor time so far: all threads, in it and in the kernel."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
