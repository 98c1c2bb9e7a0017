"""How far a sequence of numbers is done without a gap."""

from __future__ import annotations


class Watermark:
    """The highest number up to which every one has been added, in whatever order they come."""

    def __init__(self, done: int = 0):
        """Begin with every number up to ``done``."""
        self.done = done
        self._beyond: set[int] = set()

    def skip(self, first: int, end: int) -> None:
        """Note that the numbers from ``first`` to before ``end`` are done."""
        if self.done + 1 >= first and not self._beyond:
            self.done = max(self.done, end - 1)
        else:
            for number in range(first, end):
                self.add(number)

    def add(self, number: int) -> None:
        """Note that ``number`` is done."""
        if number == self.done + 1 and not self._beyond:  # the usual case
            self.done = number
            return
        if number > self.done:
            self._beyond.add(number)
        while self.done + 1 in self._beyond:
            self.done += 1
            self._beyond.remove(self.done)
