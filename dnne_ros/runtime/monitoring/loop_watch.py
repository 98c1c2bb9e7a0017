"""Notices a node that blocks its process's event loop, which nothing in the loop could notice."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

_BEAT_SECONDS = 0.05


class LoopWatch:
    """A thread that looks whether the loop still turns, once somebody wants to know.

    A node's coroutine is the task of the node's name: that is how the one to blame is found.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop,
                 on_stuck: Callable[[str, str, float], None]):
        """Watch ``loop``; ``on_stuck(task, policy, seconds)`` is called in the thread."""
        self._loop = loop
        self._on_stuck = on_stuck
        self._settings: dict[str, Mapping[str, Any]] = {}
        self._beat = time.monotonic()
        self._beating: asyncio.TimerHandle | None = None
        self._closed = threading.Event()

    def watch(self, task: str, settings: Mapping[str, Any]) -> None:
        """Call ``on_stuck`` when the task runs for longer than its ``watchdog.seconds``."""
        self._settings[task] = settings
        if self._beating is None:
            self._turn()
            threading.Thread(target=self._look, name="loop watch", daemon=True).start()

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        if self._beating is not None:
            self._beating.cancel()

    def _turn(self) -> None:
        self._beat = time.monotonic()
        self._beating = self._loop.call_later(_BEAT_SECONDS, self._turn)

    def _look(self) -> None:
        reported = 0.0
        while not self._closed.wait(_BEAT_SECONDS):
            beat = self._beat
            seconds = time.monotonic() - beat
            if beat == reported or seconds < 2 * _BEAT_SECONDS:
                continue
            task = asyncio.current_task(self._loop)
            name = task.get_name() if task is not None else ""
            settings = self._settings.get(name)
            if settings is not None and 0 < settings["watchdog.seconds"] < seconds:
                reported = beat
                self._on_stuck(name, settings["watchdog.policy"], seconds)
