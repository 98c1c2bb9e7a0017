"""A robot's model from a file, MJCF or URDF, with what it lacks to stand at a desk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.sim.robot.robot_files import PACKAGE, package_file, referenced_files

if TYPE_CHECKING:
    import mujoco

BASE_IMU = "dnne_ros_base_imu"
"""The site of the IMU that a model was given."""
_FLOOR = (0.0, 0.0, 0.05)
_MOST_NAMED = 5


class RobotFile(NamedTuple):
    """Which model, and what of it is ours to say.

    Attributes:
        path: the MJCF or URDF.
        assets: a further folder that its files may be in; package:// is looked for there.
        floating: its root body moves freely; else a URDF's stands still, and an MJCF says it.
        floor: there is a floor at z = 0.
        timestep: seconds of a physics step; 0: the model's own.

    """

    path: str
    assets: str = ""
    floating: bool = False
    floor: bool = False
    timestep: float = 0.0


@dataclass(frozen=True)
class RobotModel:
    """A compiled model and what a robot is called by; nobody writes to it.

    Attributes:
        model: MuJoCo's model.
        path: the file that it is of.
        files: all files that it was made of, the model's own first.
        joints: its hinges (rad) and slides (m), in the model's order.
        positions: the place of each of ``joints`` in qpos.
        dofs: the same in qvel.
        max_effort: what the model says each of ``joints`` is pushed with at most, N·m or N;
            infinite where it says nothing.
        max_speed: the same of its speed, rad/s or m/s, which only a URDF can say.
        base_body: the number of the body that moves freely; 0: the robot is mounted.
        base: what it is called by; empty: there is none.
        urdf: the text of a URDF; empty for an MJCF.

    """

    model: mujoco.MjModel
    path: Path
    files: tuple[Path, ...]
    joints: tuple[str, ...]
    positions: np.ndarray
    dofs: np.ndarray
    max_effort: np.ndarray
    max_speed: np.ndarray
    base_body: int
    base: str
    urdf: str

    @property
    def actuators(self) -> tuple[str, ...]:
        """Names of the model's own actuators; those without one by their number."""
        return tuple(self.model.actuator(index).name or str(index)
                     for index in range(self.model.nu))

    @property
    def driven(self) -> tuple[str, ...]:
        """The joints that the model's own actuators move; all joints where it has none."""
        kinds = self.model.actuator_trntype
        moved = {int(self.model.jnt_dofadr[self.model.actuator_trnid[index, 0]])
                 for index in range(self.model.nu)
                 if kinds[index] in (0, 1)}  # mjTRN_JOINT and mjTRN_JOINTINPARENT
        names = [name for name, dof in zip(self.joints, self.dofs, strict=True) if dof in moved]
        return tuple(names) or self.joints


def load_robot(file: RobotFile) -> RobotModel:
    """Return the model of a robot; what has been read once is not read again until it changes.

    Raises `InputError`, in MuJoCo's own words where it refuses the file, and for files outside of
    the model's folder and ``assets``.
    """
    path = Path(file.path)
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise InputError(str(path), [f"cannot be read: {error.strerror}"]) from None
    if path.is_dir():
        raise InputError(str(path), ["expected a file, MJCF or URDF, found a folder"])
    return _load(file, changed)


@lru_cache(maxsize=4)
def _load(file: RobotFile, _: int) -> RobotModel:
    path = Path(file.path)
    files = _checked_files(path, file.assets)
    root = ElementTree.parse(path).getroot()
    is_urdf = root.tag == "robot"
    model = _compiled(path, files, file, is_urdf)
    ids = [index for index in range(model.njnt) if model.jnt_type[index] in (2, 3)]
    names = tuple(model.joint(index).name or f"joint_{index}" for index in ids)
    free = [index for index in range(model.njnt) if model.jnt_type[index] == 0]
    body = int(model.jnt_bodyid[free[0]]) if free else 0
    base = model.body(body).name or "base_link" if body else ""
    speeds = _urdf_speeds(root) if is_urdf else {}
    urdf = ElementTree.tostring(root, encoding="unicode") if is_urdf else ""
    return RobotModel(
        model, path, (path, *files), names, model.jnt_qposadr[ids], model.jnt_dofadr[ids],
        np.array([_model_effort(model, index) for index in ids]),
        np.array([speeds.get(name, math.inf) for name in names]), body, base,
        urdf)


def _checked_files(path: Path, assets: str) -> tuple[Path, ...]:
    """Return the files beside the model; `InputError` naming those that lie outside."""
    folder = Path(assets) if assets else None
    if folder and not folder.is_dir():
        raise InputError(str(path), [f"widget 'assets': expected a folder, found {assets!r:.120}"])
    try:
        references = referenced_files(path, folder)
    except (ElementTree.ParseError, OSError) as error:
        _parsed(path)  # says it better
        raise InputError(str(path), [f"cannot be read: {error}"]) from None
    allowed = (path.parent, *([folder] if folder else []))
    outside = [each for each in references if not each.is_within(allowed)
               or (each.said.startswith(PACKAGE) and folder is None)]
    if outside:
        expected = " or ".join(str(each) for each in allowed)
        wrong = [f"expected files in {expected}, found {each.said!r:.120} in {each.named_in.name}"
                 for each in outside[:_MOST_NAMED]]
        if len(outside) > _MOST_NAMED:
            wrong.append(f"and {len(outside) - _MOST_NAMED} more")
        wrong[-1] += "; the widget 'assets' names a further folder that they may be in"
        raise InputError(str(path), wrong)
    return tuple(dict.fromkeys(each.path for each in references))


def _parsed(path: Path, parts: tuple[Path, ...] = ()) -> mujoco.MjSpec:
    """Return what MuJoCo reads; `InputError` of ``path``, or that of the ``parts`` it is in."""
    from dnne_ros.sim.mujoco_warnings import take_over_warnings
    from dnne_ros.sim.quiet_mujoco import mujoco

    take_over_warnings()
    try:
        return mujoco.MjSpec.from_file(str(path))
    except Exception as error:  # ValueError, or what else its parser has
        words = _words(error)
    if "line 0" in words:  # so it says of all included files
        for part in parts:
            try:
                mujoco.MjSpec.from_file(str(part))
            except Exception as error:
                if (same := _words(error)).startswith(words.partition("Element")[0]):
                    raise InputError(str(part), [same]) from None
    raise InputError(str(path), [words])


def _compiled(path: Path, files: tuple[Path, ...], file: RobotFile, is_urdf: bool
              ) -> mujoco.MjModel:
    from dnne_ros.sim.quiet_mujoco import mujoco

    spec = _parsed(path, files)
    for mesh in spec.meshes:
        if mesh.file.startswith(PACKAGE):
            mesh.file = str(package_file(mesh.file, Path(file.assets)).resolve())
    roots = list(spec.worldbody.bodies)
    if is_urdf:
        _separate_root(spec)
    if file.floating:
        if len(roots) != 1 or list(roots[0].joints):
            raise InputError(str(path), [
                "widget 'floating': expected one root body without joints, found "
                + ", ".join(f"{body.name or '?'} with {len(list(body.joints))}"
                            for body in roots[:_MOST_NAMED])])
        roots[0].add_freejoint()
    if file.floor:
        spec.worldbody.add_geom(name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=_FLOOR)
    _sense_base(spec)
    if file.timestep:
        spec.option.timestep = file.timestep
    try:
        return spec.compile()
    except Exception as error:  # ValueError, or what else its compiler has
        raise InputError(str(path), [_words(error)]) from None


def _sense_base(spec: mujoco.MjSpec) -> None:
    """Give a robot that moves freely an IMU in its base's origin, if the model has none."""
    from dnne_ros.sim.quiet_mujoco import mujoco

    sensors = mujoco.mjtSensor
    imu = (sensors.mjSENS_GYRO, sensors.mjSENS_ACCELEROMETER, sensors.mjSENS_FRAMEQUAT)
    free = [body for body in spec.bodies
            if any(joint.type == mujoco.mjtJoint.mjJNT_FREE for joint in body.joints)]
    if not free or any(sensor.type in imu[:2] for sensor in spec.sensors):
        return
    free[0].add_site(name=BASE_IMU)
    for kind in imu:
        spec.add_sensor(type=kind, objtype=mujoco.mjtObj.mjOBJ_SITE, objname=BASE_IMU)


def _separate_root(spec: mujoco.MjSpec) -> None:
    """Let a URDF's links not collide with those that they are mounted to.

    MuJoCo leaves out collisions of parents and children, but not those with what is fixed to the
    world.
    """
    spec.compiler.fusestatic = False
    for root in spec.worldbody.bodies:
        for child in root.bodies:
            spec.add_exclude(bodyname1=root.name, bodyname2=child.name)


def _model_effort(model: mujoco.MjModel, joint: int) -> float:
    """Return the greatest effort that the model allows at a joint: its own, or its motors'."""
    if model.jnt_actfrclimited[joint]:
        return float(np.abs(model.jnt_actfrcrange[joint]).max())
    limits = [float(np.abs(model.actuator_forcerange[index]).max()
                    * abs(model.actuator_gear[index, 0]))
              for index in range(model.nu) if model.actuator_forcelimited[index]
              and model.actuator_trntype[index] in (0, 1)
              and model.actuator_trnid[index, 0] == joint]
    return sum(limits) if limits else math.inf


def _urdf_speeds(robot: ElementTree.Element) -> dict[str, float]:
    """Return the speed limits of a URDF's joints, which MuJoCo does not read."""
    found = {}
    for joint in robot.iter("joint"):
        limit = joint.find("limit")
        try:
            speed = float("" if limit is None else limit.get("velocity", ""))
        except ValueError:
            continue
        if speed > 0.0:
            found[joint.get("name", "")] = speed
    return found


def _words(error: Exception) -> str:
    """Return MuJoCo's own words on one line."""
    return " ".join(str(error).split())
