"""Confidence intervals: what a sample says of the mean or the share behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

LEVEL = 0.95
"""How often an interval holds the true value."""


class Estimate(NamedTuple):
    """A value and the interval around it; nothing follows from a single number: None."""

    value: float
    low: float | None
    high: float | None


def mean_of(values: Sequence[float]) -> Estimate:
    """Return the mean of independent ``values`` with Student's interval (Biometrika 6, 1908).

    It holds where the mean of so many is normally distributed: for returns, from some thirty
    episodes on.  Values that are all equal have an interval of no width.
    """
    from scipy import stats

    count, mean = len(values), math.fsum(values) / len(values)
    if count < 2:
        return Estimate(mean, None, None)
    deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in values) / (count - 1))
    half = float(stats.t.ppf((1 + LEVEL) / 2, count - 1)) * deviation / math.sqrt(count)
    return Estimate(mean, mean - half, mean + half)


def share_of(hits: int, count: int) -> Estimate:
    """Return the share of ``hits`` with the exact interval of Clopper and Pearson.

    (Biometrika 26, 1934.)  It holds the true share at least as often as it says, also where that
    is close to 1, as policies that fail one time in a hundred have it.
    """
    from scipy import stats

    interval = stats.binomtest(hits, count).proportion_ci(LEVEL, method="exact")
    return Estimate(hits / count, float(interval.low), float(interval.high))
