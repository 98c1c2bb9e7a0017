"""Whether DDS brings something again and again, as a robot that speaks at its rate does."""

from __future__ import annotations

from collections import deque

_LOOKS, _SECONDS = 4, 0.1
"""So many looks at DDS that brought something, within so many seconds, are steady."""
_SILENCE = 0.01
"""Seconds of silence after which it is not steady any more, or as long as these looks took."""


class SteadyDds:
    """Knows when DDS has brought something.

    What is steady goes on.  A burst, as when processes find each other, does not: who waits for
    DDS after it would hear of what comes by files from another thread, which takes twice as long.
    """

    def __init__(self) -> None:
        """Know of nothing yet."""
        self._brought = deque([0.0] * _LOOKS, maxlen=_LOOKS)

    def note(self, now: float) -> None:
        """Note that it has brought something, at a time of `time.monotonic`."""
        self._brought.append(now)

    def goes_on(self, now: float) -> bool:
        """Tell whether more is to be expected from it."""
        first, last = self._brought[0], self._brought[-1]
        return now - first <= _SECONDS and now - last <= max(last - first, _SILENCE)
