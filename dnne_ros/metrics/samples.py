"""Figures by metric and labels; those of several processes are put together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from dnne_ros.metrics.families import FAMILIES, Family
from dnne_ros.metrics.histogram import Histogram

Labels = tuple[str, ...]
Value = float | Histogram


class Samples:
    """The figures of one moment."""

    def __init__(self) -> None:
        """Hold none yet."""
        self._values: dict[str, dict[Labels, Value]] = {}

    def put(self, base: str, labels: Labels, value: Value) -> None:
        """Add a figure of the metric ``base``, with the values of its labels in their order."""
        if len(labels) != len(FAMILIES[base].labels):
            raise ValueError(f"{base} has the labels {FAMILIES[base].labels}, found {labels}")
        self._values.setdefault(base, {})[labels] = value

    def merge(self, other: Samples) -> None:
        """Add what another process says; see `Family.adds_up`."""
        for family, labels, value in other:
            known = self._values.setdefault(family.base, {}).get(labels)
            if known is not None and not isinstance(value, Histogram) \
                    and not isinstance(known, Histogram):
                value = known + value if family.adds_up else max(known, value)
            self._values[family.base][labels] = value

    def __iter__(self) -> Iterator[tuple[Family, Labels, Value]]:
        """Give metric by metric, in the order of the table."""
        for base, family in FAMILIES.items():
            for labels, value in self._values.get(base, {}).items():
                yield family, labels, value

    def to_plain(self) -> dict[str, Any]:
        """Return them as JSON values."""
        return {base: [[labels, _plain(value)] for labels, value in values.items()]
                for base, values in self._values.items()}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Samples:
        """Read what `to_plain` has written.

        Raises KeyError, TypeError or ValueError for what means nothing.
        """
        samples = cls()
        for base, values in plain.items():
            for labels, value in values:
                samples.put(base, tuple(str(label) for label in labels),
                            _value(FAMILIES[base], value))
        return samples


def _plain(value: Value) -> Any:
    if isinstance(value, Histogram):
        return [value.sum, *value.counts]
    return value if math.isfinite(value) else str(value)  # JSON has no NaN


def _value(family: Family, plain: Any) -> Value:
    if family.kind != "histogram":
        return float(plain) if isinstance(plain, str) else plain + 0
    histogram = Histogram(family.bounds)
    histogram.sum, *counts = plain
    if len(counts) != len(histogram.counts):
        raise ValueError(f"{family.name} has {len(histogram.counts)} buckets, found {len(counts)}")
    histogram.counts = counts
    return histogram
