"""A chunk of a policy's actions as a trajectory of joints, with times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

VELOCITIES = ("none", "differences")
"""``none``: a trajectory says nothing of them; ``differences``: central ones between the points,
and 0 at the last one, where the robot comes to rest."""
_NS = 1_000_000_000


def rows_of(chunk: Any, joints: Sequence[str]) -> np.ndarray:
    """Return a chunk of actions, of shape (A), (H, A) or (1, H, A), as (H, A) of float64.

    ValueError for another shape, or a number that is not finite, which is named.
    """
    rows = np.asarray(chunk, np.float64)
    shape = rows.shape
    if rows.ndim == 3 and shape[0] == 1:
        rows = rows[0]
    rows = np.atleast_2d(rows)
    if rows.ndim != 2 or rows.shape[1] != len(joints) or not len(rows):
        raise ValueError(f"expected positions of {len(joints)} joints, as a row or as rows, found "
                         f"the shape {shape}")
    wrong = np.argwhere(~np.isfinite(rows))
    if len(wrong):
        row, joint = wrong[0]
        raise ValueError(f"the position of {joints[joint]} in row {row} is {rows[row, joint]}")
    return rows


def trajectory(rows: np.ndarray, joints: Sequence[str], rate: float, delay: float = 0.0,
               velocities: str = "none") -> dict[str, Any]:
    """Return positions (H, A) as the fields of a trajectory_msgs/JointTrajectory.

    The first point is to be reached ``delay`` + 1 / ``rate`` seconds after the start, each other
    one 1 / ``rate`` seconds (``rate`` in Hz) after the one before.  The header's stamp stays 0,
    which means: from when it arrives.  ``velocities`` is one of `VELOCITIES`.
    """
    points = [{"positions": row, "time_from_start": duration(delay + (number + 1) / rate)}
              for number, row in enumerate(rows)]
    if velocities == "differences":
        speeds = np.zeros_like(rows)
        if len(rows) > 1:
            speeds[:-1] = np.gradient(rows, 1.0 / rate, axis=0)[:-1]
        points = [{**point, "velocities": speed}
                  for point, speed in zip(points, speeds, strict=True)]
    return {"joint_names": list(joints), "points": points}


def duration(seconds: float) -> dict[str, int]:
    """Return seconds as the fields of a builtin_interfaces/Duration."""
    whole, rest = divmod(round(seconds * _NS), _NS)
    return {"sec": whole, "nanosec": rest}
