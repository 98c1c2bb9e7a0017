"""Laser scans, and single distances."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from dnne_ros.messages.sensors.converter import Converter, Options, Values, without_invalid


class ScanConverter(Converter):
    """``sensor_msgs/LaserScan``: n beams, as REP 117 has their ranges.

    -inf is too near to measure, +inf is nothing in sight, NaN is an error; what is outside of the
    sensor's limits is no measurement, either.
    """

    invalid = ("keep", "zero", "limit", "drop", "refuse")

    def reader(self, options: Options, wanted: Collection[str]
               ) -> Callable[[Any], dict[str, Any]]:
        """Return what reads beams; with ``drop`` those that have measured something."""
        def read(scan: Any) -> dict[str, Any]:
            ranges = np.array(scan.ranges, np.float32)
            limits = np.array([scan.range_min, scan.range_max], np.float32)
            chosen, ranges = _chosen(ranges, limits, options.invalid)
            found = {"ranges": ranges, "limits": limits}
            if "angles" in wanted or "points" in wanted:
                angles = scan.angle_min + scan.angle_increment * np.arange(len(scan.ranges))
                found["angles"] = angles[chosen].astype(np.float32)
            if "intensities" in wanted:
                found["intensities"] = _intensities(scan)[chosen]
            if "points" in wanted:
                found["points"] = _points(ranges, found["angles"])
            return {name: found[name] for name in wanted}
        return read

    def writer(self, options: Options, given: Collection[str]) -> Callable[[Any, Values], None]:
        """Return what writes beams.

        An increment that nobody has given follows from the first and the last angle.
        """
        put = super().writer(options, given)

        def write(scan: Any, values: Values) -> None:
            put(scan, values)
            beams = len(scan.ranges)
            if len(scan.intensities) not in (0, beams):
                raise ValueError(f"intensities: expected {beams}, one a range, found "
                                 f"{len(scan.intensities)}")
            if not scan.angle_increment and beams > 1:
                scan.angle_increment = (scan.angle_max - scan.angle_min) / (beams - 1)
        return write


class RangeConverter(Converter):
    """``sensor_msgs/Range``: one distance; the rules of REP 117 apply."""

    invalid = ("keep", "zero", "limit", "refuse")

    def reader(self, options: Options, wanted: Collection[str]
               ) -> Callable[[Any], dict[str, Any]]:
        """Return what reads the distance and what is known of the sensor."""
        as_sent = super().reader(Options(), wanted)

        def read(message: Any) -> dict[str, Any]:
            found = as_sent(message)
            if "range" in found:
                limits = np.array([message.min_range, message.max_range], np.float32)
                _, found["range"] = _chosen(found["range"], limits, options.invalid)
            return found
        return read


def _chosen(ranges: np.ndarray, limits: np.ndarray, invalid: str
            ) -> tuple[np.ndarray | slice, np.ndarray]:
    """Return which beams go on, and their ranges."""
    everything = slice(None)
    if invalid == "keep":
        return everything, ranges
    near, far = limits
    if invalid == "limit":
        limited = np.clip(np.where(np.isnan(ranges), far, ranges), near, far)
        return everything, limited
    with np.errstate(invalid="ignore"):
        valid = (ranges >= near) & (ranges <= far) & np.isfinite(ranges)
    if invalid == "drop":
        return valid, ranges[valid]
    return everything, without_invalid(ranges, valid, "ranges", invalid)


def _intensities(scan: Any) -> np.ndarray:
    found = np.array(scan.intensities, np.float32)
    if found.size != len(scan.ranges):
        raise ValueError(f"{found.size} intensities, and {len(scan.ranges)} ranges")
    return found


def _points(ranges: np.ndarray, angles: np.ndarray) -> np.ndarray:
    points = np.zeros((ranges.size, 3), np.float32)
    with np.errstate(invalid="ignore"):  # an infinite range has no place
        points[:, 0] = ranges * np.cos(angles)
        points[:, 1] = ranges * np.sin(angles)
    return points
