"""How long something took the last many times."""

from __future__ import annotations

import math
from collections import deque


class RecentTimes:
    """The last 1,000 durations, in seconds, of something that is done again and again."""

    def __init__(self, most: int = 1000):
        """Keep the last ``most``."""
        self._seconds: deque[float] = deque(maxlen=most)

    def add(self, seconds: float) -> None:
        """Count one more."""
        self._seconds.append(seconds)

    def percentile(self, share: float) -> float:
        """Return what ``share`` (0.99) of them have not exceeded; NaN if there is none yet."""
        if not self._seconds:
            return math.nan
        return sorted(self._seconds)[max(0, math.ceil(share * len(self._seconds)) - 1)]
