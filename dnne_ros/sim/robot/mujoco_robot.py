"""A robot that MuJoCo moves, one physics step after another, as its drives push it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.sim.quiet_mujoco import mujoco
from dnne_ros.sim.robot.drives import Drives, DriveSettings
from dnne_ros.sim.robot.targets import Steady, Target, Trajectory
from dnne_ros.sim.simulator import SimulationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnne_ros.sim.robot.robot_model import RobotModel

_DIVERGED = (mujoco.mjtWarning.mjWARN_BADQPOS, mujoco.mjtWarning.mjWARN_BADQVEL,
             mujoco.mjtWarning.mjWARN_BADQACC)


class JointReading(NamedTuple):
    """All joints of the model at a moment, float64 (joints,): rad or m, and so on."""

    position: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    """What drives or actuators push with, N·m or N."""


class BaseReading(NamedTuple):
    """The body that moves freely: where it is in the world, and how it moves."""

    position: np.ndarray
    """x, y, z in m."""
    rotation: np.ndarray
    """A quaternion x, y, z, w."""
    linear: np.ndarray
    """m/s, in the body's own axes."""
    angular: np.ndarray
    """rad/s, in the body's own axes."""


class Push(NamedTuple):
    """What pushes a body until a moment: N and N·m (6,), in the world's axes, at its centre."""

    body: int
    wrench: np.ndarray
    until: float


class MujocoRobot:
    """A model and its state; one step at a time, nothing else decides when.

    The model's own actuators move it only if commands are for them; otherwise `Drives` push
    its joints, and the actuators are off.  Its states are those of MuJoCo alone: what is pushed
    with goes to ``qfrc_applied``, or to ``ctrl``, before each ``mj_step``.
    """

    def __init__(self, robot: RobotModel, control: str, joints: Sequence[str],
                 drives: DriveSettings, start: str | Mapping[str, float] = ""):
        """Let ``control``, as in `Wanted`, command ``joints``; actuators have none.

        ``start`` is the name of a keyframe, or positions by joint (rad, m); empty: as the model
        says.  `InputError` for one that the model does not have.
        """
        self.robot = robot
        self.control = control
        self.joints = tuple(joints)
        self._own = control == "actuators"
        self._model = _own_model(robot.model, actuated=self._own)
        self.data = mujoco.MjData(self._model)
        indices = [] if self._own else [robot.joints.index(name) for name in joints]
        self._positions, self._dofs = robot.positions[indices], robot.dofs[indices]
        self._drives = Drives(drives, control, self.size)
        self._key, self._placed = _start(robot, start)
        self._push: Push | None = None
        self.commands = 0
        """How many commands have come since it was put back."""
        self.reset()

    @property
    def step_seconds(self) -> float:
        """Seconds of a physics step."""
        return float(self._model.opt.timestep)

    @property
    def size(self) -> int:
        """How many numbers a command has."""
        return self._model.nu if self._own else len(self.joints)

    @property
    def is_safe(self) -> bool:
        """Whether commands have stopped, and the drives do what is safe."""
        return self._drives.is_safe

    def reset(self) -> None:
        """Put the robot back where it began, and forget commands and pushes."""
        if self._key >= 0:
            mujoco.mj_resetDataKeyframe(self._model, self.data, self._key)
        else:
            mujoco.mj_resetData(self._model, self.data)
        for address, position in self._placed.items():
            self.data.qpos[address] = position
        mujoco.mj_forward(self._model, self.data)
        # A first step that has been solved before would differ from that of a fresh state.
        self.data.qacc_warmstart[:] = 0.0
        self._drives.begin_anew()
        self._push = None
        self.commands = 0

    def command(self, values: np.ndarray) -> None:
        """Take a command, float64 (size,); ValueError for another size or no finite numbers."""
        if values.shape != (self.size,):
            raise ValueError(f"expected {self.size} numbers, found {values.size}")
        self._take(values, Steady(self.control, values.copy(), self.data.time))

    def follow(self, times: Sequence[float], positions: np.ndarray) -> None:
        """Go through ``positions`` (points, joints) at ``times`` in s from now.

        ValueError if positions are not what is commanded, or for what makes no trajectory.
        """
        if self.control != "position":
            raise ValueError(f"expected control_type=position, found {self.control}")
        self._take(positions, Trajectory(self.data.time, self.data.qpos[self._positions],
                                         times, positions))

    def push(self, body: int, wrench: np.ndarray, seconds: float) -> None:
        """Push the body of a number for ``seconds`` with N and N·m (6,), in the world's axes."""
        self._push = Push(body, wrench, self.data.time + seconds)

    def step(self, count: int = 1) -> None:
        """Go on by ``count`` physics steps; SimulationError if the physics diverges."""
        data, dofs = self.data, self._dofs
        for _ in range(count):
            position = data.qpos[self._positions]
            wanted = self._drives.wanted(data.time, position)
            if self._own:
                data.ctrl[:] = wanted.value
            else:
                data.qfrc_applied[dofs] = self._drives.effort(wanted, position, data.qvel[dofs])
            if self._push is not None:
                self._apply(self._push)
            mujoco.mj_step(self._model, data)
        if any(data.warning[kind].number for kind in _DIVERGED):
            raise SimulationError(f"{self.robot.path}: the physics has diverged after "
                                  f"{data.time:.3f} s: smaller steps (timestep), or smaller "
                                  "gains, may help")

    def write_model(self, file: str) -> None:
        """Write MuJoCo's model into an MJB, for who draws it."""
        mujoco.mj_saveModel(self._model, file)

    def joint_reading(self) -> JointReading:
        """Return where the model's joints are, how fast, and what they are pushed with."""
        dofs = self.robot.dofs
        pushed = self.data.qfrc_actuator if self._own else self.data.qfrc_applied
        return JointReading(self.data.qpos[self.robot.positions], self.data.qvel[dofs],
                            pushed[dofs])

    def base_reading(self) -> BaseReading | None:
        """Return where the free body is and how it moves; None if there is none."""
        if not self.robot.base_body:
            return None
        joint = int(self._model.body_jntadr[self.robot.base_body])
        at, dof = self._model.jnt_qposadr[joint], self._model.jnt_dofadr[joint]
        w, x, y, z = self.data.qpos[at + 3:at + 7]
        turned = np.empty(9)
        mujoco.mju_quat2Mat(turned, self.data.qpos[at + 3:at + 7])
        velocity = self.data.qvel[dof:dof + 6]
        return BaseReading(self.data.qpos[at:at + 3].copy(), np.array([x, y, z, w]),
                           turned.reshape(3, 3).T @ velocity[:3], velocity[3:].copy())

    def _take(self, values: np.ndarray, target: Target) -> None:
        if not np.isfinite(values).all():
            raise ValueError("numbers that are not finite")
        self.commands += 1
        self._drives.command(target, self.data.time)

    def _apply(self, push: Push) -> None:
        over = self.data.time >= push.until
        self.data.xfrc_applied[push.body] = 0.0 if over else push.wrench
        if over:
            self._push = None


def _own_model(model: mujoco.MjModel, *, actuated: bool) -> mujoco.MjModel:
    """Return a copy that does not start again by itself when the physics diverges."""
    own = copy.copy(model)
    own.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    if not actuated:
        own.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_ACTUATION
    return own


def _start(robot: RobotModel, start: str | Mapping[str, float]) -> tuple[int, dict[int, float]]:
    """Return the keyframe's number, -1 for none, and positions by their place in qpos."""
    model = robot.model
    if isinstance(start, str):
        names = [model.key(index).name for index in range(model.nkey)]
        if start and start not in names:
            raise InputError(str(robot.path), [
                f"widget 'start': expected a keyframe ({', '.join(names) or 'it has none'}) or "
                f"positions by joint, found {start!r:.80}"])
        return (names.index(start) if start else -1), {}
    unknown = [name for name in start if name not in robot.joints]
    if unknown:
        raise InputError(str(robot.path), [
            f"widget 'start': expected joints of {', '.join(robot.joints):.200}, found "
            f"{', '.join(unknown):.80}"])
    return -1, {int(robot.positions[robot.joints.index(name)]): position
                for name, position in start.items()}
