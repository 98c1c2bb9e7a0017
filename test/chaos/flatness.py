"""Whether what was measured over time stays flat."""

import numpy as np

_WARM_UP = 0.25
"""The part of the time in which things may grow: caches, the pools of allocators."""
_SPARE = {"rss": 4 * 2**20, "bytes": 4 * 2**20, "descriptors": 2, "threads": 1}
"""What the rest of the time may add, and be noise."""
_SPARE_PART = 0.02


def trends(series):
    """Return by ``(who, what)`` the least, the most and the growth of ``(seconds, value)`` pairs.

    Flat is what grows, over all of the time after the warm-up, by no more than the spare: by the
    slope of a line (Theil and Sen: the median of the slopes between pairs, which one peak does
    not bend).
    """
    found = {}
    for (who, what), pairs in series.items():
        times, values = np.array(pairs, float).T
        later = times >= _WARM_UP * times[-1]
        times, values = times[later], values[later]
        growth = slope(times, values) * (times[-1] - times[0]) if len(times) > 1 else 0.0
        spare = max(_SPARE[what], _SPARE_PART * float(np.median(values)))
        found[f"{who} {what}"] = {
            "samples": len(values), "least": values.min(), "most": values.max(),
            "growth": round(growth, 1), "flat": bool(growth <= spare)}
    return found


def slope(times, values):
    """Return the median slope between all pairs of points at different times."""
    first, second = np.triu_indices(len(times), 1)
    apart = times[second] - times[first]
    return float(np.median((values[second] - values[first])[apart > 0] / apart[apart > 0]))
