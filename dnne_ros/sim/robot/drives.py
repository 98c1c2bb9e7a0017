"""The drives of a robot's joints: what they push with, and when they hear what."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from dnne_ros.sim.robot.targets import Steady, Target, Wanted


@dataclass(frozen=True)
class DriveSettings:
    """What the drives are; arrays are float64 (joints,), of the commanded joints.

    Attributes:
        kp: N·m/rad or N/m.
        kd: N·m·s/rad or N·s/m.
        max_effort: N·m or N.
        max_speed: rad/s or m/s, at which a drive pushes no further; infinite: at none.
        delay: s from a command's arrival until it is obeyed.
        timeout: s of simulated time after a command until drives are `safe`; 0: never.
        safe: what drives do that hear no commands: ``zero`` pushes nothing, ``brake`` stops by
            ``kd``, ``hold`` keeps the place by both gains.  The model's own actuators get zeros,
            or keep what they had (``hold``).

    """

    kp: np.ndarray
    kd: np.ndarray
    max_effort: np.ndarray
    max_speed: np.ndarray
    delay: float = 0.0
    timeout: float = 0.0
    safe: str = "zero"


class Drives:
    """The commanded joints' drives, as they are at the moment.

    A position is held by ``kp * (position error) + kd * (velocity error)``, a velocity by
    ``kd * (velocity error)``.  An effort in the direction of motion falls with the speed in a
    straight line, to none at ``max_speed``, as a DC motor's does at a constant voltage (Isaac
    Lab's ``DCMotor`` with ``saturation_effort`` = ``effort_limit``).
    """

    def __init__(self, settings: DriveSettings, control: str, size: int):
        """Be safe until there is a command: ``size`` numbers of ``control``."""
        self._settings = settings
        self._idle = Steady(control, np.zeros(size))
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all commands."""
        self._target: Target | None = None
        self._waiting: deque[tuple[float, Target]] = deque()
        self._until: float | None = None
        self.is_safe = False

    def command(self, target: Target, time: float) -> None:
        """Take a command that has arrived at a simulated ``time`` in s."""
        if not self._settings.delay and not self._waiting:
            self._obey(target, time)
        else:
            self._waiting.append((time + self._settings.delay, target))

    def wanted(self, time: float, position: np.ndarray) -> Wanted:
        """Return what the joints, at ``position``, do at a simulated ``time`` in s."""
        while self._waiting and self._waiting[0][0] <= time + 1e-9:
            self._obey(self._waiting.popleft()[1], time)
        timeout = self._settings.timeout
        if timeout and self._until is not None and time - self._until > timeout + 1e-9:
            self._until, self.is_safe = None, True
            self._target = self._safe(position)
        if self._target is None:
            self._target = self._safe(position)
        return self._target.at(time)

    def effort(self, wanted: Wanted, position: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Return what joints at a ``position``, with a ``velocity``, are pushed with."""
        is_ = self._settings
        if wanted.control == "effort":
            effort = wanted.value
        else:
            effort = is_.kd * (wanted.velocity - velocity)
            if wanted.control == "position":
                effort = effort + is_.kp * (wanted.value - position)
        share = np.clip(velocity / is_.max_speed, -1.0, 1.0)
        low, high = -np.minimum(1.0, 1.0 + share), np.minimum(1.0, 1.0 - share)
        pushed: np.ndarray = np.clip(
            effort, _times(is_.max_effort, low), _times(is_.max_effort, high))
        return pushed

    def _obey(self, target: Target, time: float) -> None:
        self._target, self.is_safe = target, False
        self._until = max(time, target.ends)

    def _safe(self, position: np.ndarray) -> Target:
        how = self._settings.safe
        if self._idle.at(0.0).control == "actuators":  # whose gains are not ours to know
            return self._target if how == "hold" and self._target is not None else self._idle
        if how == "hold":
            return Steady("position", position.copy())
        return Steady("velocity" if how == "brake" else "effort", np.zeros_like(position))


def _times(limit: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return a share of a limit; of one that is infinite, all or nothing."""
    with np.errstate(invalid="ignore"):
        return np.where(share == 0.0, 0.0, limit * share)
