"""Doing something now and then in a loop that is much faster."""

from __future__ import annotations

import time


class Throttle:
    """Says yes once every ``seconds`` of real time on the average, never more often."""

    def __init__(self, seconds: float):
        """Say yes the first time."""
        self._seconds = seconds
        self._due = 0.0

    def __call__(self) -> bool:
        """Tell whether it is time again."""
        now = time.monotonic()
        if now < self._due:
            return False
        # From when it was due: a loop of about the same rate is not halved by a little jitter.
        in_step = now < self._due + self._seconds
        self._due = (self._due if in_step else now) + self._seconds
        return True
