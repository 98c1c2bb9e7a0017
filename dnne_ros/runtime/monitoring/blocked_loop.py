"""Notices from a thread that the event loop does not turn, and says which node holds it up, where.

Nothing in the loop could say so.  `LoopWatch` does what a node's settings ask for in such a case;
this one is there for all nodes, and only says it.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

BLOCKED_SECONDS = 10.0
_LOOK_SECONDS = 1.0
_LIBRARIES = (str(Path(threading.__file__).parent), "site-packages")


class BlockedLoop:
    """A thread that looks once a second whether the loop has called `turns` of late."""

    def __init__(self, loop: asyncio.AbstractEventLoop, say: Callable[[str], None],
                 seconds: float = BLOCKED_SECONDS, look_seconds: float = _LOOK_SECONDS):
        """Watch ``loop``, which runs in this thread; ``say(text)`` is called in another one."""
        self._loop = loop
        self._say = say
        self._seconds = seconds
        self._look_seconds = look_seconds
        self._thread = threading.get_ident()
        self._closed = threading.Event()
        self._turned = time.monotonic()

    def start(self) -> None:
        """Begin to watch."""
        self.turns()
        threading.Thread(target=self._look, name="blocked loop", daemon=True).start()

    def turns(self) -> None:
        """Note that the loop turns; to be called a few times a second."""
        self._turned = time.monotonic()

    def close(self) -> None:
        """End the thread."""
        self._closed.set()

    def _look(self) -> None:
        said = slept = time.monotonic()
        while not self._closed.wait(self._look_seconds):
            now = time.monotonic()
            turned, late = self._turned, now - slept > 3 * self._look_seconds
            slept = now
            if late or turned == said or now - turned < self._seconds:
                continue  # late: the whole process was held up
            said = turned
            task = asyncio.current_task(self._loop)
            who = task.get_name() if task is not None else "something"
            self._say(f"{who} holds up all nodes of its process for {now - turned:.0f} s"
                      f"{_place(sys._current_frames().get(self._thread))}; what blocks belongs "
                      "into run_blocking")


def _place(frame: FrameType | None) -> str:
    """Say where the thread is: the innermost place that is not a library's."""
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith("<") and not any(
                library in code.co_filename for library in _LIBRARIES):
            return f", {code.co_name} at {Path(code.co_filename).name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
