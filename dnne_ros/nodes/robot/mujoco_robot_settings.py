"""What the widgets of a MujocoRobot say, as the robot that they make."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.nodes.robot.command_limits import json_of
from dnne_ros.nodes.robot.gains import by_joint
from dnne_ros.nodes.robot.mujoco_robot_camera import camera_misfit, view_misfit
from dnne_ros.nodes.ros.topic_widgets import misfits, optional_names, topic_misfits

if TYPE_CHECKING:
    from dnne_ros.sim.robot.drives import DriveSettings
    from dnne_ros.sim.robot.mujoco_robot import MujocoRobot
    from dnne_ros.sim.robot.robot_model import RobotModel
    from dnne_ros.sim.robot.sensor_noise import SensorNoise

_GAINS = {"position": ("kp",), "velocity": ("kd",)}
"""What each control cannot do without."""
_AUTO = {"position": "hold", "velocity": "brake", "effort": "zero"}


def robot_of(values: Mapping[str, Any]) -> RobotModel:
    """Return the model that the widgets name; `InputError`, as MuJoCo says it."""
    from dnne_ros.sim.robot.robot_model import RobotFile, load_robot

    return load_robot(RobotFile(
        values["model"], values["assets"], values["floating"], values["floor"],
        values["timestep"]))


def made_robot(values: Mapping[str, Any]) -> MujocoRobot:
    """Return the robot of the widgets; `InputError` or ValueError for what does not fit it."""
    from dnne_ros.sim.robot.mujoco_robot import MujocoRobot

    robot = robot_of(values)
    return MujocoRobot(robot, values["control_type"], joints_of(robot, values),
                       drives_of(robot, values), start_of(values))


def robot_misfits(values: Mapping[str, Any]) -> list[str]:
    """Return all that is wrong with the widgets, the model that they name included."""
    wrong = topic_misfits(values["trajectory"], "trajectory") if values["trajectory"] else []
    if values["commands"] != "auto":
        wrong += topic_misfits(values["commands"], "commands", "/effort_controller/commands")
    wrong += misfits(camera_misfit, values) + misfits(noise_of, values) + misfits(push_of, values)
    try:
        robot = robot_of(values)
        rate = 1.0 / robot.model.opt.timestep
        if values["rate"] > rate * (1.0 + 1e-9):
            wrong.append(f"widget 'rate': expected at most {rate:g} Hz, as often as the physics "
                         f"steps, found {values['rate']:g}")
        parts: tuple[Callable[[Mapping[str, Any]], object], ...] = (
            lambda values: joints_of(robot, values), lambda values: drives_of(robot, values),
            start_of, lambda values: pushed_body(robot, values),
            lambda values: view_misfit(robot, values))
        misfitting = [text for part in parts for text in misfits(part, values)]
        wrong += dict.fromkeys(misfitting)
        if not misfitting:
            made_robot(values)
    except InputError as error:
        wrong += [f"{error.source}: {problem}" for problem in error.problems]
    return wrong


def command_topic(values: Mapping[str, Any]) -> str:
    """Return where commands are heard."""
    topic: str = values["commands"]
    if topic != "auto":
        return topic
    control = values["control_type"]
    return "~/actuators" if control == "actuators" else f"/{control}_controller/commands"


def joints_of(robot: RobotModel, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the commanded joints; ValueError for ones that the robot does not have."""
    names = optional_names(values["joint_names"])
    if values["control_type"] == "actuators":
        if names:
            raise ValueError("widget 'joint_names': expected none with control_type=actuators, "
                             f"which are {', '.join(robot.actuators) or 'none'}")
        if not robot.actuators:
            raise ValueError("widget 'control_type': the model has no actuators")
        return ()
    unknown = [name for name in names if name not in robot.joints]
    if unknown:
        raise ValueError(f"widget 'joint_names': expected joints of {', '.join(robot.joints)}, "
                         f"found {', '.join(unknown)}")
    return names or robot.driven


def drives_of(robot: RobotModel, values: Mapping[str, Any]) -> DriveSettings:
    """Return the drives of the commanded joints; ValueError naming the widget that is wrong."""
    from dnne_ros.sim.robot.drives import DriveSettings

    control = values["control_type"]
    names = joints_of(robot, values)
    if missing := [name for name in _GAINS.get(control, ()) if not values[name].strip()]:
        raise ValueError(f"widget {missing[0]!r}: expected a gain with control_type={control}, "
                         "such as 40, or one for each joint by its name")
    safe = values["safe"]
    if safe == "auto":
        safe = _AUTO.get(control) or ("hold" if robot.model.actuator_biastype.any() else "zero")
    needed = {"hold": ("kp",), "brake": ("kd",)}.get(safe, ())
    if control != "actuators" and (lacking := [each for each in needed
                                               if not values[each].strip()]):
        raise ValueError(f"widget 'safe': {safe} needs {lacking[0]}, which is empty")
    if control == "actuators" and safe == "brake":
        raise ValueError("widget 'safe': the model's own actuators can be set to zero or hold")
    indices = [robot.joints.index(name) for name in names]
    return DriveSettings(
        _numbers(values, "kp", names, np.zeros(len(names))),
        _numbers(values, "kd", names, np.zeros(len(names))),
        _numbers(values, "max_effort", names, robot.max_effort[indices]),
        _numbers(values, "max_speed", names, robot.max_speed[indices]),
        values["delay"], values["timeout"], safe)


def start_of(values: Mapping[str, Any]) -> str | dict[str, float]:
    """Return a keyframe's name, or positions by joint; ValueError for other JSON."""
    text = values["start"].strip()
    if not text.startswith("{"):
        return str(text)
    found = json_of(text, "start")
    most = sys.float_info.max  # an integer may be larger
    if not all(type(value) in (int, float) and -most <= value <= most
               for value in found.values()):
        raise ValueError("widget 'start': expected the name of a keyframe, or a position for "
                         f"each joint by its name, found {text!r:.80}")
    return {name: float(value) for name, value in found.items()}


def noise_of(values: Mapping[str, Any], seed: int = 0) -> SensorNoise:
    """Return what the sensors add to what is; ValueError naming the widget that is wrong."""
    from dnne_ros.sim.robot.sensor_noise import SensorNoise, parse_sizes

    return SensorNoise(parse_sizes(values["noise"], "noise"), parse_sizes(values["bias"], "bias"),
                       seed)


def push_of(values: Mapping[str, Any]) -> np.ndarray:
    """Return force and torque of a push, float64 (6,); ValueError for no such numbers."""
    text = values["push_wrench"]
    try:
        numbers = np.array([float(part) for part in text.split(",")])
    except ValueError:
        numbers = np.empty(0)
    if numbers.size not in (3, 6) or not np.isfinite(numbers).all():
        raise ValueError("widget 'push_wrench': expected a force, or a force and a torque, as 3 "
                         f"or 6 numbers with commas, found {text!r:.80}")
    return np.concatenate([numbers, np.zeros(6 - numbers.size)])


def pushed_body(robot: RobotModel, values: Mapping[str, Any]) -> int:
    """Return the number of the body that is pushed; ValueError for one that is not there."""
    name: str = values["push_body"]
    names = [robot.model.body(index).name for index in range(robot.model.nbody)]
    if not name:
        return robot.base_body or min(1, len(names) - 1)
    if name not in names[1:]:
        raise ValueError(f"widget 'push_body': expected one of {', '.join(names[1:]):.200}, found "
                         f"{name!r:.80}")
    return names.index(name)


def _numbers(values: Mapping[str, Any], widget: str, names: tuple[str, ...],
             otherwise: np.ndarray) -> np.ndarray:
    text = values[widget]
    if not text.strip():
        return otherwise
    noun = "gain" if widget in ("kp", "kd") else "limit"
    numbers = np.array(list(by_joint(text, names, widget, noun).values()))
    if widget == "max_speed" and not numbers.all():
        raise ValueError(f"widget 'max_speed': expected limits above 0, found {text!r:.80}")
    return numbers
