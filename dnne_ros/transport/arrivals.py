"""Puts the frames of an edge in order."""

from __future__ import annotations

from collections.abc import Callable

from dnne_ros.transport.frame import Frame
from dnne_ros.transport.stats import EdgeStats

Accept = Callable[[Frame, bytes | memoryview, str], None]


class Arrivals:
    """Passes items on in order, each once; counts those that come twice and those that never do.

    Under a policy that may lose items, later ones do not wait for those that are missing.
    """

    def __init__(self, lossless: bool, stats: EdgeStats, accept: Accept, capacity: int):
        """Call ``accept(frame, message, by)`` for each item, and count in ``stats``.

        ``capacity``: how far ahead of what was taken its producer may send.
        """
        self._most_early = 2 * capacity
        self._lossless = lossless
        self._stats = stats
        self._accept = accept
        self.next = 1
        """The number of the item that is to come next."""
        self._early: dict[int, tuple[Frame, bytes | memoryview, str]] = {}

    def receive(self, frame: Frame, message: bytes | memoryview, by: str) -> None:
        """Take a frame with an item, which the carrier named ``by`` has brought.

        What `accept` raises leaves the item missing.
        """
        number = frame.number
        if number == self.next or (number > self.next and not self._lossless):
            self._accept(frame, message, by)
            self.next = number + 1
            while self._early and self.next in self._early:
                self._accept(*self._early.pop(self.next))
                self.next += 1
        elif number > self.next:
            # Beyond that no producer sends; if one did all the same, the item comes again.
            if number not in self._early and number < self.next + self._most_early:
                self._early[number] = (frame, message, by)
        elif self._lossless:
            self._stats.duplicated += 1

    def expect(self, number: int) -> None:
        """Go on with item ``number``, or where we are if that is later."""
        self.next = max(self.next, number)
        self._early.clear()
