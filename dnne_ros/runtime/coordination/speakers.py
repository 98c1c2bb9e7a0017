"""What tells a process' words from the same words heard again.

A sealed message shows who has written it, and not when.  So each carries its speaker's incarnation
and a number that only grows within that.  As in `dnne_ros.transport.identity`, no clock says which
of two incarnations is the later: each process says whom it knows, and one that hears of a greater
number in its own place takes a greater one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dnne_ros.transport.identity import MOST, new_identity

_WINDOW = 1024
"""How far behind the newest a message may come, where messages may overtake each other."""


class Incarnations:
    """Which incarnation of itself a process is, and which of the others it knows."""

    def __init__(self) -> None:
        """Begin as a new one that knows nobody."""
        self.own = new_identity()
        self.known: dict[str, int] = {}

    def learn(self, process: str, known: Mapping[str, Any]) -> None:
        """Take a greater number than whoever had the place of ``process``, which is ours.

        ``known``: what another knows.  Raises ValueError for what is no number.
        """
        before = _number(known.get(process, 1))
        if before > self.own:
            self.own = new_identity(before)


class Speaker:
    """Another process on one topic: which of its messages have come."""

    def __init__(self, process: str, incarnations: Incarnations, in_order: bool):
        """Note in ``incarnations`` whom ``process`` is; ``in_order``: nothing is overtaken."""
        self._process = process
        self._incarnations = incarnations
        self._window = 1 if in_order else _WINDOW
        self._incarnation = 0
        self._newest = 0
        self._come: set[int] = set()

    def says_anew(self, incarnation: Any, number: Any) -> bool:
        """Tell whether a message has not come before, nor is of an earlier incarnation.

        Raises ValueError for what are no numbers.
        """
        incarnation, number = _number(incarnation), _number(number)
        known = self._incarnations.known
        if incarnation < known.get(self._process, 0):
            return False
        known[self._process] = incarnation
        if incarnation > self._incarnation:
            self._incarnation, self._newest = incarnation, 0
            self._come.clear()
        if number <= self._newest - self._window or number in self._come:
            return False
        self._newest = max(self._newest, number)
        self._come.add(number)
        if len(self._come) > 2 * self._window:
            self._come = {each for each in self._come if each > self._newest - self._window}
        return True


def _number(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MOST:
        raise ValueError(f"no number of a message: {value!r:.40}")
    return value
