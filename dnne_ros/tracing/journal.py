"""What a process says and is told, as lines of JSON in two files of a bounded size.

When the newer one is full it takes the older one's place; so there is always between one and two
times that much.  The kernel has each line as soon as it is written: a kill takes nothing along.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from time import monotonic_ns
from typing import Any

from dnne_ros.durable_files import read_file
from dnne_ros.errors import shortened
from dnne_ros.tracing.trace import Event

JOURNAL, OLDER = ".journal", ".journal_before"
"""The endings of the two files of a process."""
_SIZE = 2**18
_LONGEST = 2000


class Journal:
    """Writes the journal of one process."""

    def __init__(self, path: Path, repeat: Callable[[], Iterable[tuple[str, str, str]]],
                 size: int = _SIZE):
        """Write ``path``, whose name ends as `JOURNAL`; OSError if that cannot be.

        ``repeat()`` gives what each file begins with, as (node, kind, text).
        """
        self._path = path
        self._repeat = repeat
        self._size = size
        self._file: int | None = None
        self._lock = threading.Lock()  # nodes log from threads of theirs, too
        self._open()

    def note(self, node: str, kind: str, text: str) -> None:
        """Note something; see `dnne_ros.tracing.trace.Event`.  Of a long text, the beginning.

        OSError if there is no room.
        """
        with self._lock:
            if self._file is None:
                return
            if self._left <= 0:
                os.close(self._file)
                os.replace(self._path, self._path.with_suffix(OLDER))
                self._open()
            self._write(node, kind, text)

    def close(self) -> None:
        """Let go of the files; they stay."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(self._path, flags, 0o600)
        self._left = self._size
        for node, kind, text in self._repeat():
            self._write(node, kind, text)
        self._left = self._size

    def _write(self, node: str, kind: str, text: str) -> None:
        assert self._file is not None  # who writes has looked
        line = json.dumps([monotonic_ns(), node, kind, shortened(text, _LONGEST)]).encode() + b"\n"
        self._left -= os.write(self._file, line)


def read_journal(path: Path) -> list[Event]:
    """Return what a journal holds, in order, the newer one's file given.

    A line that was being written when the process was killed is left out.
    """
    events: list[Event] = []
    for each in (path.with_suffix(OLDER), path):
        with suppress(FileNotFoundError):
            events += [_event(json.loads(line)) for line in read_file(each).split(b"\n")[:-1]]
    return events


def _event(line: Any) -> Event:
    time, node, kind, text = line
    return Event(int(time), str(node), str(kind), str(text))
