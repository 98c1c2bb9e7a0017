"""Whether a run stands still, as each of its processes knows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class Pause:
    """The last word of all processes about it.

    Words are numbered, and go along with signs of life: so one that is lost comes again, one that
    was started again hears it, and of two at once the same one counts everywhere.
    """

    def __init__(self, process: str):
        """Hold the view of ``process``; the run goes on."""
        self.paused = False
        self._process = process
        self._word: tuple[int, str, bool] = (0, "", False)
        self._over = asyncio.Event()
        self.on_set: Callable[[], object] = lambda: None
        """Called when this process has changed it."""
        self.on_change: Callable[[bool], object] = lambda paused: None
        """Called with what it is now, whoever has changed it."""

    def set(self, paused: bool) -> None:
        """Let the run stand still, or go on, in all processes."""
        if paused != self.paused:
            self._take((self._word[0] + 1, self._process, paused))
            self.on_set()

    def say(self) -> list[Any]:
        """Return what another process is to `hear`."""
        return list(self._word)

    def hear(self, word: Any) -> None:
        """Take up what another process says; ValueError or TypeError if it means nothing."""
        number, process, paused = word
        if type(number) is not int or type(process) is not str or type(paused) is not bool:
            raise ValueError(f"no word about a pause: {word!r:.80}")
        if (number, process) > self._word[:2]:
            self._take((number, process, paused))

    def lift(self) -> None:
        """Hold nobody any more, as the run is over."""
        self.paused = False
        self._over.set()

    async def over(self) -> None:
        """Wait until the run goes on."""
        while self.paused:
            await self._over.wait()

    def _take(self, word: tuple[int, str, bool]) -> None:
        self._word = word
        if word[2] == self.paused:
            return
        self.paused = word[2]
        if self.paused:
            self._over.clear()
        else:
            self._over.set()
        self.on_change(self.paused)
