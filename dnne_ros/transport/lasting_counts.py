"""What an input has counted, in memory that outlives its process."""

from __future__ import annotations

import numpy as np

from dnne_ros.transport.lasting_memory import LastingMemory

_WORDS = 3
_RECEIVED, _DUPLICATED, _NEWEST = range(_WORDS)


class LastingCounts:
    """Counters of one input that whoever takes this process' place goes on with.

    A file of one process at a time.
    """

    def __init__(self, run: str, name: str):
        """Open or make the counts ``name`` of a ``run``; OSError without memory for them."""
        self._memory = LastingMemory(run, name, 8 * _WORDS)
        self._words = np.frombuffer(self._memory.map, np.uint64)
        self.received, self.duplicated, self.had = map(int, self._words)
        """What the processes before this one have counted, and the number of the newest item that
        one of their nodes has taken."""

    def note(self, number: int, received: int, duplicated: int) -> None:
        """Note the counters after a node has taken item ``number``."""
        words = self._words
        if number > words[_NEWEST]:
            words[_NEWEST] = number
        words[_RECEIVED], words[_DUPLICATED] = received, duplicated

    def close(self) -> None:
        """Remove them."""
        self._memory.close()
