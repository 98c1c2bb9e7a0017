"""Hands a run's figures to a logger, in a thread of its own: the run never waits for it.

What has not been taken yet is kept in a queue of a fixed length.  A logger that raises or does not
keep up costs figures and one warning; it is tried again later.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from dnne_ros.errors import describe
from dnne_ros.loggers.run_logger import RunFacts, RunLogger, Status

_WAITING = 1000
"""How many updates or epochs may wait."""
_REST_SECONDS = 30.0
"""For how long a logger that has failed is left alone."""


class Feed:
    """One logger and its thread."""

    def __init__(self, name: str, logger: RunLogger, facts: RunFacts,
                 warn: Callable[[str], object], rest: float = _REST_SECONDS):
        """Begin to feed ``logger``; ``warn`` is told once if figures get lost."""
        self._name = name
        self._logger = logger
        self._facts = facts
        self._warn = warn
        self._rest = rest
        self._run: str | None = None
        self._tasks: deque[tuple[Callable[[], None], bool]] = deque()
        """What is to be done, and whether it is figures."""
        self._changed = threading.Condition()
        self._ending = False
        self._lost = 0
        self._warned = False
        self._again_at = 0.0
        self._thread = threading.Thread(target=self._work, name=f"logger {name}", daemon=True)
        self._thread.start()

    @property
    def run(self) -> str:
        """What a later run goes on by; empty: nothing, or not known yet."""
        return self._run or ""

    @property
    def waiting(self) -> int:
        """How much has not been taken yet."""
        return len(self._tasks)

    def log(self, figures: Mapping[str, float], step: int) -> None:
        """Have figures logged, as of now."""
        seconds = time.time()
        self._put(lambda: self._logger.log(figures, step, seconds), figures=True)

    def note(self, name: str, value: str) -> None:
        """Have a fact noted."""
        self._put(lambda: self._logger.note(name, value))

    def end(self, files: Iterable[Path], status: Status) -> None:
        """Have files kept and the run ended, after all that waits."""
        with self._changed:
            for file in files:
                self._tasks.append((partial(self._logger.keep, file), False))
            self._tasks.append((partial(self._logger.end, status), False))
            self._ending = True
            self._again_at = 0.0  # the last chance
            self._changed.notify()

    def join(self, seconds: float) -> None:
        """Wait until all is logged, at most so long."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._warn(f"--log-to {self._name}: has not taken what was left within the time that "
                       "a run waits at its end")
        elif self._lost:
            self._warn(f"--log-to {self._name}: {self._lost} updates are missing there")

    def _put(self, task: Callable[[], None], figures: bool = False) -> None:
        with self._changed:
            if len(self._tasks) < _WAITING:
                self._tasks.append((task, figures))
                self._changed.notify()
                return
            self._lost += figures
        self._complain("does not keep up")

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._tasks and not self._ending:
                    self._changed.wait()
                if not self._tasks:
                    return
                task, figures = self._tasks.popleft()
            if time.monotonic() < self._again_at or not self._does(task):
                with self._changed:
                    self._lost += figures

    def _does(self, task: Callable[[], None]) -> bool:
        """Do it; what a logger raises may be anything, and is the run's business in no way."""
        try:
            if self._run is None:
                self._run = self._logger.start(self._facts)
            task()
        except Exception as error:
            self._again_at = time.monotonic() + self._rest
            self._complain(" ".join(describe(error).split()))
            return False
        return True

    def _complain(self, reason: str) -> None:
        with self._changed:
            if self._warned:
                return
            self._warned = True
        self._warn(f"--log-to {self._name}: figures get lost: {reason:.300}; the run goes on")
