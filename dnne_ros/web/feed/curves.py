"""Curves with their history: numbers that nodes publish, in a memory that does not grow.

A curve that is long is thinned: every second point goes, and of what comes every second is kept.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any

_POINTS = 2000
_CURVES = 500
METRICS = "metrics"
"""The output of trainers that has all their numbers, as JSON in a ``std_msgs/String``."""
SCALARS = ("std_msgs/msg/Float32", "std_msgs/msg/Float64")


def curves_among(topics: Mapping[str, str]) -> dict[str, str]:
    """Return those of some ``topics`` that are one or several curves; values are types.

    A node that has all its numbers in one output gives none of them twice.
    """
    metrics = {topic: type for topic, type in topics.items()
               if type == "std_msgs/msg/String" and topic.endswith(f"/{METRICS}")}
    said = {topic.rpartition("/")[0] for topic in metrics}
    return metrics | {topic: type for topic, type in topics.items()
                      if type in SCALARS and topic.rpartition("/")[0] not in said}


class Curve:
    """One number over time."""

    def __init__(self) -> None:
        """Have no point."""
        self.times: list[float] = []
        self.values: list[float] = []
        self._stride = 1
        self._skipped = 0

    def add(self, time: float, value: float) -> None:
        """Take a point that is later than the others."""
        self._skipped += 1
        if self._skipped < self._stride:
            return
        self._skipped = 0
        self.times.append(time)
        self.values.append(value)
        if len(self.times) > _POINTS:
            self._stride *= 2
            del self.times[::2], self.values[::2]

    def since(self, time: float) -> tuple[list[float], list[float]]:
        """Return the points behind a time."""
        first = bisect_right(self.times, time)
        return self.times[first:], self.values[first:]


class Curves:
    """All curves, by node and name."""

    def __init__(self) -> None:
        """Have none."""
        self._curves: dict[tuple[str, str], Curve] = {}

    def note(self, topic: str, data: float | str, time: float) -> None:
        """Take what was published on one of `curves_among` topics."""
        node, _, output = topic.rpartition("/")
        for name, value in _numbers(output, data):
            curve = self._curves.get((node, name))
            if curve is None:
                if len(self._curves) >= _CURVES:
                    return
                curve = self._curves[node, name] = Curve()
            curve.add(time, value)

    def since(self, time: float) -> list[dict[str, Any]]:
        """Return the points behind a time, of those curves that have any."""
        found = []
        for (node, name), curve in self._curves.items():
            times, values = curve.since(time)
            if times:
                found.append({"node": node, "name": name, "times": times, "values": values})
        return found

    def latest(self) -> float:
        """Return the time of the last point, or 0."""
        return max((curve.times[-1] for curve in self._curves.values() if curve.times),
                   default=0.0)

    def forget(self, namespaces: set[str]) -> None:
        """Drop the curves of nodes outside these namespaces."""
        for node, name in list(self._curves):
            if not any(node.startswith(f"{each}/") for each in namespaces):
                del self._curves[node, name]


def _numbers(output: str, data: float | str) -> Iterator[tuple[str, float]]:
    """Yield what can be drawn of a value; others may publish there, too."""
    if isinstance(data, str):
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            return
        pairs = found.items() if isinstance(found, dict) else ()
    else:
        pairs = {output: data}.items()
    for name, value in pairs:
        if isinstance(value, (int, float)) and not isinstance(value, bool) \
                and math.isfinite(value):
            yield str(name), float(value)
