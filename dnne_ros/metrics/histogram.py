"""How many durations were how long."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

LATENCY_BOUNDS = (1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2,
                  0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Of an item's way, in seconds: by reference microseconds, behind a full queue seconds."""
SAVING_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0)
"""Of a checkpoint, in seconds."""


class Histogram:
    """Counts durations, in seconds, up to each bound and beyond the last."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]):
        """Count by ``bounds``, which ascend."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """How many were at most as long as each bound and longer than the one before."""
        self.sum = 0.0

    def add(self, seconds: float, count: int = 1) -> None:
        """Count one, or ``count`` of the same length."""
        self.counts[bisect_left(self.bounds, seconds)] += count
        self.sum += count * seconds

    def copy(self) -> Histogram:
        """Return what was counted so far."""
        other = Histogram(self.bounds)
        other.counts, other.sum = self.counts.copy(), self.sum
        return other

    @property
    def count(self) -> int:
        """Return how many were counted."""
        return sum(self.counts)
