"""Tells commands and the ROS topic of jobs that have ended, beside the work, not in its way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import sqlalchemy as sa

from dnne_ros.jobs.description.spec import TOPIC
from dnne_ros.jobs.store.notices import Notice, close_notice, has_notices, take_notice
from dnne_ros.jobs.store.store import JobStore, StoreError
from dnne_ros.jobs.work.processes import python_path

_LOOK_SECONDS = 5.0
_HOOK_SECONDS = 30.0
"""A command that takes longer is killed; it is less than the lease of a notice."""
_LOOK_WHILE_STOPPING_SECONDS = 0.1
_LAST_TRIES, _LAST_REST_SECONDS = 3, 1.0
"""At the end, a store that is out of reach for a moment is asked again."""


class Notifier:
    """A thread of a worker that tells what is to be told, one after the other."""

    def __init__(self, store: JobStore):
        """Begin at once."""
        self._store = store
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._leaving = threading.Event()
        """Nothing more is to be told, not even what is due."""
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True, name="notifier")
        self._thread.start()

    def look(self) -> None:
        """Look soon: a job has ended."""
        self._due.set()

    def stop(self, finish: bool, enough: Callable[[], bool] = lambda: False) -> None:
        """End; with ``finish``, first tell all that is due, unless it is ``enough``."""
        self._stopping.set()
        self._due.set()
        while self._thread.is_alive():
            if not self._leaving.is_set() and (not finish or enough()):
                self._leaving.set()
                if (process := self._process) is not None:
                    _kill(process)
            self._thread.join(_LOOK_WHILE_STOPPING_SECONDS)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._tell_all()
            self._due.wait(_LOOK_SECONDS)
            self._due.clear()
        for _ in range(_LAST_TRIES):
            if self._leaving.is_set() or self._tell_all():
                return
            self._leaving.wait(_LAST_REST_SECONDS)

    def _tell_all(self) -> bool:
        """Tell what is due; False if the store was out of reach meanwhile."""
        try:
            while has_notices(self._store) and not self._leaving.is_set():
                with self._store.turn() as books:
                    notice = take_notice(books)
                if notice is None:  # another worker was there first
                    break
                fault = self._tell(notice)
                if fault and not self._leaving.is_set():
                    print(f"job {notice.job}: notification, try {notice.tries}: {fault}",
                          file=sys.stderr, flush=True)
                with self._store.turn() as books:
                    close_notice(books, notice, not fault)
        except (StoreError, sa.exc.SQLAlchemyError) as error:
            print(f"notifications: {error}", file=sys.stderr, flush=True)
            return False
        return True

    def _tell(self, notice: Notice) -> str:
        """Run the command with the job's record as its input; returns what was wrong."""
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "dnne_ros.jobs.work.hook", str(os.getpid()),
                 *_command(notice.words)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, start_new_session=True,
                env={**os.environ, "PYTHONPATH": python_path()})
        except OSError as error:
            return str(error)
        self._process = process
        if self._leaving.is_set():  # who has said so may not have seen it
            _kill(process)
        try:
            _, said = process.communicate(notice.text.encode(), timeout=_HOOK_SECONDS)
        except subprocess.TimeoutExpired:
            _kill(process)
            process.communicate()
            return f"took longer than {_HOOK_SECONDS:g} s"
        finally:
            self._process = None
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        return f"exit code {process.returncode}: {last}" if process.returncode else ""


def _command(words: Sequence[str]) -> Sequence[str]:
    if list(words) == [TOPIC]:
        return [sys.executable, "-m", "dnne_ros.runtime.line_publisher", TOPIC]
    return words


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill it with all that it has started in its own session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
