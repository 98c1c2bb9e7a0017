"""What each of a node's replicas has done, for those who watch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class _Replica:
    items: int = 0
    deaths: int = 0
    busy_s: float = 0.0
    since: float | None = None
    free_since: float = 0.0
    shown_busy_s: float = 0.0


class Figures:
    """Counts items and time at work, by the place of a replica."""

    def __init__(self, now: Callable[[], float] = time.monotonic):
        """Count from now on; ``now()``: seconds."""
        self._now = now
        self._by_place: dict[int, _Replica] = {}

    @property
    def at_work(self) -> int:
        """How many are at work."""
        return sum(each.since is not None for each in self._by_place.values())

    def free_since(self, place: int) -> float:
        """Return since when a replica has nothing to do."""
        return self._by_place[place].free_since if place in self._by_place else 0.0

    def begin(self, place: int) -> None:
        """Take note that one begins with an item."""
        self._by_place.setdefault(place, _Replica()).since = self._now()

    def end(self, place: int) -> None:
        """Take note that it is through with it."""
        each = self._by_place.get(place)
        if each is not None and each.since is not None:
            each.free_since = self._now()
            each.busy_s += each.free_since - each.since
            each.since = None

    def count(self, place: int) -> None:
        """Count an item that one is through with."""
        if place in self._by_place:
            self._by_place[place].items += 1

    def end_all(self) -> None:
        """Take note that none is at work any more."""
        for each in self._by_place.values():
            each.since = None

    def note_death(self, place: int) -> None:
        """Take note that one has died."""
        self._by_place.setdefault(place, _Replica()).deaths += 1

    def forget(self, place: int) -> None:
        """Let go of one that is there no more."""
        self._by_place.pop(place, None)

    def look(self, seconds: float) -> dict[str, str]:
        """Return a line for each replica; the share of time is that of the last ``seconds``."""
        now, lines = self._now(), {}
        for place, each in sorted(self._by_place.items()):
            busy_s = each.busy_s + (0.0 if each.since is None else now - each.since)
            busy = min(1.0, (busy_s - each.shown_busy_s) / seconds)
            each.shown_busy_s = busy_s
            deaths = f", died {each.deaths} times" if each.deaths > 1 else \
                ", died once" if each.deaths else ""
            lines[f"replica_{place}"] = f"{each.items} items, {busy:.0%} busy{deaths}"
        return lines
