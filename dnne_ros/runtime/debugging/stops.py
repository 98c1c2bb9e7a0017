"""Breakpoints, watchpoints and steps of one process, and the items at which its nodes stand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dnne_ros.debugging.condition import Condition, Misfit
from dnne_ros.debugging.item_view import view
from dnne_ros.debugging.places import Place, Places, Spot
from dnne_ros.errors import DnneError, describe

if TYPE_CHECKING:
    from dnne_ros.runtime.coordination.pause import BreakpointWord, Pause

_SETTLING_SECONDS = 0.3


@dataclass
class Breakpoint:
    """One as this process knows it, with how often it has held here."""

    word: BreakpointWord
    place: Place
    condition: Condition | None
    hits: int = 0
    trouble: str = ""
    """What its condition could not be asked of, the last time."""
    last: SeenItem | None = None
    """The item for which it held last; kept for a watchpoint."""

    def holds(self, item: SeenItem) -> bool:
        """Tell whether it does for an item, and count that."""
        if self.condition is not None:
            try:
                if not self.condition.holds(item.value, item.number, item.spot[1]):
                    return False
            except Misfit as error:
                self.trouble = f"item {item.number}: {error}"
                return False
            except Exception as error:  # of a value of somebody's own type; the graph goes on
                self.trouble = f"item {item.number}: {describe(error)}"
                return False
        self.hits += 1
        return True


@dataclass
class SeenItem:
    """An item at a spot: just taken at an input, or about to be given to an output."""

    spot: Spot
    number: int
    value: Any
    why: str = ""
    """What has stopped the run at it; "": it came there while the run stood."""
    time_ns: int = field(default_factory=time.time_ns)
    _view: dict[str, Any] = field(default_factory=dict)

    def view(self) -> dict[str, Any]:
        """Return what there is to be seen of it, found out once: pages ask again and again."""
        if not self._view:
            self._view = view(self.value)
        return self._view


class Stops:
    """Looks at items, and stops the run at those that somebody wants to see.

    A breakpoint that this process cannot read, as another version may have made it, is left out.
    """

    def __init__(self, pause: Pause, places: Places, acting: bool = False):
        """Stop with ``pause``, at ``places`` of the graph.

        ``acting``: robots or others obey what its nodes say.
        """
        self._pause = pause
        self._places = places
        self.breakpoints: list[Breakpoint] = []
        self.held: list[SeenItem] = []
        """Items that nodes of this process stand at."""
        self._at: dict[Spot, list[Breakpoint]] = {}
        self._step: frozenset[Spot] = frozenset()
        self._left = 0
        self._turn = -1
        self._kept = 0
        self._acting = acting
        self._settling: asyncio.TimerHandle | None = None
        pause.on_news = self._take_up
        self._take_up()

    def look(self, item: SeenItem) -> None:
        """Stop the run if somebody wants that at ``item``."""
        for each in self._at.get(item.spot, ()):
            if each.holds(item):
                if each.word.stops:
                    condition = f" if {each.word.condition}" if each.word.condition else ""
                    self._stop(item, f"breakpoint {each.word.id} ({each.word.place}{condition})")
                else:
                    each.last = item
        if item.spot in self._step and self._left > 0:
            self._left -= 1
            if not self._left:
                self._stop(item, "step")

    def keep(self, more: int) -> None:
        """Note that inputs keep so many more items of calls that were cancelled."""
        self._kept += more
        self._arm()

    @property
    def settles(self) -> bool:
        """Tell whether what is on its way may still be as old as the last stop."""
        return self._settling is not None

    def _settle(self) -> None:
        """Let what the stop has held up pass, before somebody outside obeys the graph again."""
        if self._settling is not None:
            self._settling.cancel()
        self._settling = asyncio.get_running_loop().call_later(_SETTLING_SECONDS, self._settled)

    def _settled(self) -> None:
        self._settling = None
        self._arm()

    def _stop(self, item: SeenItem, what: str) -> None:
        node, port, direction = item.spot
        item.why = item.why or what
        at = f"item {item.number} at {direction} {port} of {node}"
        self._pause.set(True, f"{what}: {at}")

    def _take_up(self) -> None:
        """Take up what has become of breakpoints, and of what the run goes on until."""
        pause = self._pause
        words = pause.breakpoints
        if tuple(each.word for each in self.breakpoints) != words:
            known = {each.word: each for each in self.breakpoints}
            self.breakpoints = [known.get(word) or made for word in words
                                for made in self._made(word)]
            self._at = {}
            for each in self.breakpoints:
                for spot in each.place.spots:
                    self._at.setdefault(spot, []).append(each)
        if pause.turns != self._turn:
            if self._acting and self._turn >= 0:
                self._settle()
            self._turn = pause.turns
            state = pause.state
            self._step, self._left = frozenset(), 0
            if state.until == "step":
                self._step, self._left = self._spots(state.place), state.steps
        self._arm()

    def _arm(self) -> None:
        self._pause.arm(bool(self._at or self._left or self._kept or self.settles))

    def _made(self, word: BreakpointWord) -> Iterator[Breakpoint]:
        try:
            yield Breakpoint(word, self._places.find(word.place),
                             Condition(word.condition) if word.condition else None)
        except (DnneError, ValueError):
            return

    def _spots(self, place: str) -> frozenset[Spot]:
        try:
            return self._places.find(place).spots
        except DnneError:
            return frozenset()
