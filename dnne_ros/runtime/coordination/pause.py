"""Whether a run stands still, and where it is to stop, as each of its processes knows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from dnne_ros.runtime.coordination.shared_word import SharedWord

AT_BOUNDARY = "boundary"
"""Where the states of all nodes fit together; see `dnne_ros.node_api.context.Boundary`."""

MOST_BREAKPOINTS = 100
_LONGEST = 2000


class RunState(NamedTuple):
    """Whether the run stands still, who has stopped it and why, and what it goes on until.

    ``until`` is "" (nothing), `AT_BOUNDARY`, or ``step``: until so many items (``steps``) have
    come to the ``place``.
    """

    paused: bool
    why: str = ""
    until: str = ""
    place: str = ""
    steps: int = 0


class BreakpointWord(NamedTuple):
    """A breakpoint as processes tell each other; one that does not stop is a watchpoint."""

    id: int
    place: str
    condition: str
    stops: bool
    by: str


class Pause:
    """The last word of all processes about it."""

    def __init__(self, process: str):
        """Hold the view of ``process``; the run goes on."""
        self.paused = False
        self.closed = False
        """Whether items are looked at one by one: the run is paused, or is to stop somewhere."""
        self.turns = 0
        """How often the run has gone on."""
        self._state = SharedWord(process, RunState(False), _read_state)
        self._breakpoints: SharedWord[tuple[BreakpointWord, ...]] = SharedWord(
            process, (), _read_breakpoints)
        self._armed = self._lifted = False
        self._over = asyncio.Event()
        self.on_set: Callable[[], object] = lambda: None
        """Called when this process has changed it."""
        self.on_change: Callable[[bool], object] = lambda paused: None
        """Called with what it is now, whoever has changed it."""
        self.on_news: Callable[[], object] = lambda: None
        """Called when breakpoints, or what the run goes on until, may have changed."""

    @property
    def state(self) -> RunState:
        """Return why the run stands still, or until when it goes on."""
        return self._state.value

    @property
    def breakpoints(self) -> tuple[BreakpointWord, ...]:
        """Return where the run is to stop."""
        return self._breakpoints.value

    def set(self, paused: bool, why: str = "", until: str = "", place: str = "", steps: int = 0
            ) -> None:
        """Let the run stand still, or go on, in all processes; see `RunState`."""
        state = RunState(paused, why, until, place, steps)
        if paused != self.paused or (not paused and state[2:] != self.state[2:]):
            self._state.set(state)
            self._take()
            self.on_set()

    def set_breakpoints(self, breakpoints: tuple[BreakpointWord, ...]) -> None:
        """Let the run stop at these, in all processes."""
        self._breakpoints.set(breakpoints)
        self.on_news()
        self.on_set()

    def arm(self, armed: bool) -> None:
        """Have items looked at while the run goes on, or leave them alone."""
        self._armed = armed
        self.closed = self.paused or armed

    def say(self) -> dict[str, Any]:
        """Return what another process is to `hear`."""
        return {"run": self._state.say(), "breakpoints": self._breakpoints.say()}

    def hear(self, word: Any) -> None:
        """Take up what another process says; ValueError or TypeError if it means nothing."""
        state, breakpoints = word["run"], word["breakpoints"]
        if self._breakpoints.hear(breakpoints):
            self.on_news()
        if self._state.hear(state):
            self._take()

    def lift(self) -> None:
        """Hold nobody any more, as the run is over."""
        self._lifted = True
        self._take()

    async def over(self) -> None:
        """Wait until the run goes on."""
        while self.paused:
            await self._over.wait()

    async def gone_on(self) -> None:
        """Wait until the run goes on, also if it is stopped again at once."""
        turn = self.turns
        while self.paused and self.turns == turn:
            await self._over.wait()

    def _take(self) -> None:
        """Act on the word that counts now."""
        was, self.paused = self.paused, self.state.paused and not self._lifted
        if not self.paused:
            self.turns += 1
        self.on_news()
        self.closed = self.paused or self._armed
        if self.paused == was:
            return
        if self.paused:
            self._over.clear()
        else:
            self._over.set()
        self.on_change(self.paused)


def _read_state(value: Any) -> RunState:
    paused, why, until, place, steps = value
    state = RunState(paused, why, until, place, steps)
    if tuple(map(type, state)) != (bool, str, str, str, int):
        raise ValueError(f"no state of a run: {value!r:.80}")
    return state


def _read_breakpoints(value: Any) -> tuple[BreakpointWord, ...]:
    found = tuple(BreakpointWord(*each) for each in value)
    if len(found) > MOST_BREAKPOINTS:
        raise ValueError(f"{len(found)} breakpoints; {MOST_BREAKPOINTS} are the most")
    for each in found:
        if tuple(map(type, each)) != (int, str, str, bool, str) \
                or max(len(each.place), len(each.condition), len(each.by)) > _LONGEST:
            raise ValueError(f"no breakpoint: {each!r:.80}")
    return found
