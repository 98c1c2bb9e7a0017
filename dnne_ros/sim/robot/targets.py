"""What joints are to do: hold still, follow a command, or follow a trajectory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np


class Wanted(NamedTuple):
    """What is wanted of all commanded joints at a moment; each float64 (joints,).

    ``control`` says what ``value`` is: effort (N·m or N), position (rad or m), velocity (rad/s or
    m/s), or what the model's own ``actuators`` take.  ``velocity`` is only looked at for control
    by position or velocity.
    """

    control: str
    value: np.ndarray
    velocity: np.ndarray


class Target(Protocol):
    """Something to be reached, or to be followed."""

    ends: float
    """The simulated time in s until which it says something."""

    def at(self, time: float) -> Wanted:
        """Return what is wanted at a simulated time in s."""
        ...


class Steady:
    """The same all the time."""

    def __init__(self, control: str, value: np.ndarray, begins: float = 0.0):
        """Want ``value`` of ``control``, which was said at ``begins``."""
        self._wanted = Wanted(control, value,
                              value if control == "velocity" else np.zeros_like(value))
        self.ends = begins

    def at(self, time: float) -> Wanted:
        """Return it."""
        return self._wanted


class Trajectory:
    """Positions at times, with straight lines between them; the last one is held."""

    def __init__(self, begins: float, start: np.ndarray, times: Sequence[float],
                 positions: np.ndarray):
        """Go from ``start`` (joints,) at ``begins`` through ``positions`` (points, joints).

        ``times`` (points,) are in s after ``begins``.  ValueError if they do not increase, or
        there is none.
        """
        if not len(times) or times[0] < 0.0 or (np.diff(times) <= 0.0).any():
            raise ValueError("expected points whose time_from_start increases, found "
                             f"{[float(time) for time in times]!s:.80}")
        self._times = begins + np.concatenate([[0.0], times] if times[0] > 0.0 else [times])
        self._positions = np.vstack([start, positions] if times[0] > 0.0 else [positions])
        self.ends = float(self._times[-1])

    def at(self, time: float) -> Wanted:
        """Return the place on the line, and how fast it is followed."""
        index = int(np.searchsorted(self._times, time, side="right"))
        if index in (0, len(self._times)):
            place = self._positions[0 if index == 0 else -1]
            return Wanted("position", place, np.zeros_like(place))
        before, after = self._times[index - 1:index + 1]
        way = self._positions[index] - self._positions[index - 1]
        return Wanted("position",
                      self._positions[index - 1] + way * ((time - before) / (after - before)),
                      way / (after - before))
