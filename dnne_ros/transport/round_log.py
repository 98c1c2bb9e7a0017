"""Where a node is, in memory that outlives its process.

A process that is killed takes along what it knows; what it has written into a file in memory
stays.  So the one that takes its place can read how many items the dead one had taken and given.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dnne_ros.transport.lasting_memory import LastingMemory

_ROWS = 2**16
"""Rounds that are known; more are not on their way unless windows are huge."""
_HEAD = 4
_COUNT, _WIDTH = 0, 1


class RoundLog:
    """The last rounds of a node: for each, how far it was on every input and output then.

    Round 0 is before the first item: all zeros.  A file of one process at a time; the words of a
    round are written before the word that counts it, so that a kill at any moment leaves whole
    rounds.
    """

    def __init__(self, run: str, node: str, width: int):
        """Open or make the log of a ``node`` (a ROS name) in a ``run``, of ``width`` numbers.

        Raises OSError if there is no memory for it.
        """
        self._memory = LastingMemory(run, node, 8 * (_HEAD + width * (1 + _ROWS)))
        memory = self._memory.map
        self._head = np.frombuffer(memory, np.uint64, _HEAD)
        words = np.frombuffer(memory, np.uint64, offset=8 * _HEAD).reshape(-1, width)
        self._most, self._rows = words[0], words[1:]
        self.restarted = self._head[_WIDTH] == width
        """Whether another process has written into it before."""
        if not self.restarted:
            self._head[_WIDTH] = width
        self._next = int(self._head[_COUNT]) + 1

    @property
    def newest(self) -> int:
        """The round that was noted last."""
        return self._next - 1

    def append(self, numbers: Sequence[int]) -> None:
        """Note how far the node is after one more round."""
        self._rows[self._next % _ROWS] = numbers
        self._head[_COUNT] = self._next
        self._next += 1

    def find(self, column: int, number: int) -> int | None:
        """Return the last round after which a column was ``number``; None if it is not known."""
        newest = self.newest
        oldest = max(0, newest - _ROWS + 1)
        values = self._rows[np.arange(newest, oldest - 1, -1) % _ROWS, column]
        hits = np.flatnonzero(values == number)
        return newest - int(hits[0]) if len(hits) else None

    def row(self, round: int) -> list[int]:
        """Return the numbers after a round that is known."""
        numbers: list[int] = self._rows[round % _ROWS].tolist()
        return numbers

    def go_back(self, round: int) -> None:
        """Go on after an earlier round; `most` keeps what there was since."""
        np.maximum(self._most, self._rows[self.newest % _ROWS], out=self._most)
        self._head[_COUNT] = round
        self._next = round + 1

    def most(self) -> list[int]:
        """Return the largest number that each column has had before `go_back`."""
        numbers: list[int] = self._most.tolist()
        return numbers

    def close(self) -> None:
        """Remove the file: nobody takes this process' place."""
        self._memory.close()
