"""A count that outlives its process."""

from __future__ import annotations

import numpy as np

from dnne_ros.transport.lasting_memory import LastingMemory

_WORD = np.dtype(np.uint64)


class LastingCount:
    """A number that whoever takes this process' place goes on with."""

    def __init__(self, run: str, name: str):
        """Open or make the count ``name`` of a ``run``; OSError if there is no memory for it."""
        self._memory = LastingMemory(run, name, _WORD.itemsize)
        self._words = np.frombuffer(self._memory.map, _WORD)

    @property
    def value(self) -> int:
        """The number."""
        return int(self._words[0])

    @value.setter
    def value(self, number: int) -> None:
        self._words[0] = number

    def close(self) -> None:
        """Remove it."""
        self._memory.close()
