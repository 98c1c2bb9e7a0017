"""Point clouds as tensors, beside ``read_points_numpy`` of sensor_msgs_py."""

from __future__ import annotations

import argparse
import array
import importlib.util
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from dnne_ros.bench.rounds import document, interleave
from dnne_ros.bench.table import Table
from dnne_ros.messages.sensors.converter import Options
from dnne_ros.messages.sensors.table import CONVERTERS

_XYZ = ("x", "y", "z")
_CLOUDS = {
    "depth camera: 640×480, steps of 32 bytes": (480, 640, 32, 0.1),
    "lidar: 130,000 points, steps of 22 bytes": (1, 130_000, 22, 0.1),
    "100,000 points of 12 bytes, is_dense": (1, 100_000, 12, 0.0),
}
"""Height, width, bytes of a point, share of points that are NaN."""
_FLOAT32 = 7


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--times", type=int, default=40,
                        help="conversions of each cloud in a round (default 40)")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Return the median times of each cloud, as sent and without its NaN, for each way."""
    problems = {}
    if importlib.util.find_spec("sensor_msgs_py") is None:
        problems["sensor_msgs_py"] = "not installed: apt install ros-$ROS_DISTRO-sensor-msgs-py"
    cases = {f"{way}, {kind}, {name}": partial(_case, read, name, drop, options.times)
             for name in _CLOUDS for kind, drop in (("as sent", False), ("without NaN", True))
             for way, read in (("ours", _ours), ("sensor_msgs_py", _theirs))
             if way not in problems}
    return document("clouds", interleave(cases, options.rounds, say), options.rounds,
                    times=options.times, problems=problems)


def tables(document: Mapping[str, Any]) -> list[Table]:
    """Return a row for each cloud, and what could not be measured."""
    table = Table("x, y, z of a PointCloud2 as a contiguous float32 tensor, ms",
                  ("cloud", "ours", "sensor_msgs_py", "ours, without NaN",
                   "sensor_msgs_py, without NaN"))
    for name in _CLOUDS:
        figures = (document["medians"].get(f"{way}, {kind}, {name}")
                   for kind in ("as sent", "without NaN") for way in ("ours", "sensor_msgs_py"))
        table.rows.append((name, *("" if each is None else f"{1e3 * each['seconds']:.3f}"
                                   for each in figures)))
    problems = Table("not measured", ("", "why"), list(document["problems"].items()))
    return [table, *([problems] if problems.rows else [])]


def _case(read: Callable[[Any, bool], np.ndarray], name: str, drop: bool, times: int, round: int
          ) -> dict[str, float]:
    import torch

    message = _message(*_CLOUDS[name])
    taken = []
    for _ in range(times):
        before = time.perf_counter()
        torch.from_numpy(np.ascontiguousarray(read(message, drop)))
        taken.append(time.perf_counter() - before)
    return {"seconds": statistics.median(taken)}


def _ours(message: Any, drop: bool) -> np.ndarray:
    options = Options(invalid="drop" if drop else "keep", organised=False)
    points: np.ndarray = CONVERTERS["sensor_msgs/msg/PointCloud2"].reader(
        options, ["points"])(message)["points"]
    return points


def _theirs(message: Any, drop: bool) -> np.ndarray:
    from sensor_msgs_py.point_cloud2 import read_points_numpy

    points: np.ndarray = read_points_numpy(message, _XYZ, skip_nans=drop)
    return points


def _message(height: int, width: int, step: int, missing: float) -> Any:
    from sensor_msgs.msg import PointCloud2, PointField

    random = np.random.default_rng(0)
    point: Any = np.dtype({"names": list(_XYZ), "formats": ["<f4"] * 3, "offsets": [0, 4, 8],
                           "itemsize": step})
    points = np.zeros(height * width, point)
    gone = random.random(points.size) < missing
    for name in _XYZ:
        points[name] = np.where(gone, np.nan, random.standard_normal(points.size))
    return PointCloud2(
        height=height, width=width, point_step=step, row_step=width * step,
        data=array.array("B", points.tobytes()), is_dense=not missing,
        fields=[PointField(name=name, offset=4 * place, datatype=_FLOAT32, count=1)
                for place, name in enumerate(_XYZ)])
