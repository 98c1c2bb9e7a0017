"""The sensors of a model as a robot has them: IMUs, force-torque sensors, touch sensors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dnne_ros.sim.robot.robot_model import BASE_IMU

if TYPE_CHECKING:
    from dnne_ros.sim.robot.robot_model import RobotModel

IMU, WRENCH, CONTACT = "imu", "wrench", "contact"


class SensorGroup(NamedTuple):
    """The sensors at one site that make one message.

    Attributes:
        kind: `IMU`, `WRENCH` or `CONTACT`.
        name: what it is called by, letters, digits and underscores.
        frame: the frame of its numbers: that of the site.
        parts: where in MuJoCo's sensordata each quantity is: of an IMU ``orientation``
            (w, x, y, z), ``angular_velocity`` (rad/s) and ``linear_acceleration`` (m/s²); of a
            wrench ``force`` (N) and ``torque`` (N·m); of a touch sensor ``contact`` (N).

    """

    kind: str
    name: str
    frame: str
    parts: Mapping[str, slice]

    def read(self, sensordata: np.ndarray) -> dict[str, np.ndarray]:
        """Return the quantities, float64 each."""
        return {quantity: sensordata[part].copy() for quantity, part in self.parts.items()}


def sensor_groups(robot: RobotModel) -> tuple[SensorGroup, ...]:
    """Return what the model's sensors at sites make, in the model's order; others are left out."""
    from dnne_ros.sim.quiet_mujoco import mujoco

    kinds = mujoco.mjtSensor
    meaning = {
        kinds.mjSENS_GYRO: (IMU, "angular_velocity"),
        kinds.mjSENS_ACCELEROMETER: (IMU, "linear_acceleration"),
        kinds.mjSENS_FRAMEQUAT: (IMU, "orientation"),
        kinds.mjSENS_FORCE: (WRENCH, "force"), kinds.mjSENS_TORQUE: (WRENCH, "torque"),
        kinds.mjSENS_TOUCH: (CONTACT, "contact")}
    model = robot.model
    found: dict[tuple[str, int], dict[str, slice]] = {}
    for index in range(model.nsensor):
        known = meaning.get(mujoco.mjtSensor(model.sensor_type[index]))
        if known is None or model.sensor_objtype[index] != mujoco.mjtObj.mjOBJ_SITE:
            continue
        kind, quantity = known
        start = int(model.sensor_adr[index])
        part = slice(start, start + int(model.sensor_dim[index]))
        found.setdefault((kind, int(model.sensor_objid[index])), {}).setdefault(quantity, part)
    groups = []
    for (kind, site), parts in found.items():
        if kind == IMU and parts.keys() == {"orientation"}:
            continue
        name = model.site(site).name or f"site_{site}"
        frame = robot.base if name == BASE_IMU else name
        groups.append(SensorGroup(kind, legal_name(frame), frame, parts))
    return tuple(groups)


def legal_name(name: str) -> str:
    """Return a name of a model as part of a topic's: letters, digits and underscores."""
    legal = re.sub(r"\W", "_", name, flags=re.ASCII)
    return legal if legal[:1].isalpha() or legal[:1] == "_" else f"_{legal}"
