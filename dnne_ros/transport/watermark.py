"""How far a sequence of numbers is done without a gap."""

from __future__ import annotations


class Watermark:
    """The highest number up to which every one has been added, in whatever order they come."""

    def __init__(self, done: int = 0):
        """Begin with every number up to ``done``."""
        self.done = done
        self._beyond: set[int] = set()
        self._skipped: list[tuple[int, int]] = []

    def skip(self, first: int, end: int) -> None:
        """Note that the numbers from ``first`` to before ``end`` are done."""
        self._skipped.append((first, end))
        self._settle()

    def add(self, number: int) -> None:
        """Note that ``number`` is done."""
        if number == self.done + 1 and not self._beyond and not self._skipped:  # the usual case
            self.done = number
            return
        if number > self.done:
            self._beyond.add(number)
            self._settle()

    def _settle(self) -> None:
        """Go on to the first gap; ranges may be as long as they like."""
        before = -1
        while before != self.done:
            before = self.done
            while self.done + 1 in self._beyond:
                self.done += 1
                self._beyond.remove(self.done)
            for first, end in self._skipped:
                if first <= self.done + 1 < end:
                    self.done = end - 1
        if self._skipped:
            self._skipped = [each for each in self._skipped if each[1] > self.done + 1]
            self._beyond = {number for number in self._beyond if number > self.done}
