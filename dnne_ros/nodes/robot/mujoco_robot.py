"""A robot at the desk: any MJCF or URDF, behind the topics that a real one has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.messages.message_types import is_installed, service_class
from dnne_ros.node_api.event_waits import came_within
from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.ros_services import Answer, ServiceUse
from dnne_ros.node_api.ros_topics import TopicUse
from dnne_ros.node_api.seeding import node_seed
from dnne_ros.node_api.widget import Widget, missing_values
from dnne_ros.nodes.robot.mujoco_robot_camera import DrawnRobot
from dnne_ros.nodes.robot.mujoco_robot_settings import (
    command_topic,
    made_robot,
    noise_of,
    push_of,
    pushed_body,
    robot_misfits,
    robot_of,
)
from dnne_ros.nodes.robot.mujoco_robot_topics import MujocoRobotTopics, left_out, published
from dnne_ros.nodes.ros.topic_widgets import made
from dnne_ros.nodes.simulation import simulator_camera
from dnne_ros.nodes.simulation.real_time import RealTime
from dnne_ros.nodes.simulation.simulator_camera import SimulatorCamera, parse_format

_COMMAND = "std_msgs/msg/Float64MultiArray"
_TRAJECTORY = "trajectory_msgs/msg/JointTrajectory"
_PUSH = TopicUse("~/push", "geometry_msgs/msg/Wrench")
_TRIGGER, _SET_BOOL = "std_srvs/srv/Trigger", "std_srvs/srv/SetBool"
_SERVICES = (ServiceUse("~/reset", _TRIGGER, serves=True),
             ServiceUse("~/pause", _SET_BOOL, serves=True),
             ServiceUse("~/push", _TRIGGER, serves=True))
_AGAIN = 0.02
_SECOND = 1e9
_CATCH_UP = 1.0
"""A robot does not stand still while a busy machine has no time for it: so many seconds of that
are made up for.  A longer pause is one of the robot as well."""
_BY_JOINT = "a number for all commanded joints, or {name: number} as JSON"


class MujocoRobotNode(Node):
    """Be a robot: any MJCF or URDF, moved by MuJoCo, in the place of a real one.

    It hears commands and tells its joints, IMU, odometry and sensors as robots do, in real time
    or ``real_time_factor`` times as fast.  Unless ``control_type`` is actuators, drives move its
    joints, with gains, limits and a delay of their own, and the model's actuators are off.
    Commands that stop for ``timeout`` make it safe.  ``reset``, ``paused`` and ``push`` are
    services, too, where std_srvs is installed.  A command that is no good is dropped with a
    warning; physics that diverge end the run.
    """

    category = "robotics"
    without_torch = True
    own_process = True

    model = Widget("", "The robot's file, an MJCF or a URDF.", required=True, file=True)
    control_type = Widget("effort", "What is commanded; actuators: what the model's own take.",
                          choices=("effort", "position", "velocity", "actuators"))
    joint_names = Widget("", "Commanded joints in their order, with commas; empty: those that the "
                         "model has actuators for, or all if it has none.")
    commands = Widget("auto", "Where commands are heard, a Float64MultiArray with a number for "
                      "each joint; auto: /effort_controller/commands and so on.")
    trajectory = Widget("/joint_trajectory_controller/joint_trajectory", "Where trajectories are "
                        "heard with control_type=position, if trajectory_msgs is installed; "
                        "empty: nowhere.")
    kp = Widget("", f"Gain of positions, N·m/rad or N/m: {_BY_JOINT}.")
    kd = Widget("", f"Gain of velocities, N·m·s/rad or N·s/m: {_BY_JOINT}.")
    max_effort = Widget("", "Most that a drive pushes with, N·m or N: likewise; empty: as the "
                        "model says.")
    max_speed = Widget("", "Speed at which a drive pushes no further, rad/s or m/s: likewise; "
                       "empty: as a URDF says, else any.")
    delay = Widget(0.0, "Time until a command is obeyed.", minimum=0.0, maximum=10.0, unit="s")
    timeout = Widget(0.2, "Simulated time without a command after which it is safe; 0: never.",
                     minimum=0.0, maximum=3600.0, unit="s")
    safe = Widget("auto", "What drives do then, and before the first command; auto: hold "
                  "positions, brake velocities, else zero.",
                  choices=("auto", "zero", "brake", "hold"))
    wait_for_commands = Widget("never", "first: the robot stays where it begins until the first "
                               "command; always: time stands still until each state is answered.",
                               choices=("never", "first", "always"))
    start = Widget("", "Where it begins: a keyframe of the model, or {joint: position} as JSON; "
                   "empty: as the model says.")
    floating = Widget(False, "The root body of a model that fixes it moves freely.")
    floor = Widget(False, "Put a floor at z = 0.")
    assets = Widget("", "A further folder that meshes and textures may be in, and where "
                    "package:// is looked for.")
    timestep = Widget(0.0, "Length of a physics step; 0: the model's own.", minimum=0.0,
                      maximum=1.0, unit="s")
    rate = Widget(100.0, "How often the robot tells its state and takes commands up.",
                  minimum=0.1, maximum=100_000.0, unit="Hz")
    real_time_factor = Widget(1.0, "How much faster than real time it moves; 0: as fast as it "
                              "can.", minimum=0.0, maximum=1000.0, live=True)
    noise = Widget("", "Standard deviations of what is sensed, such as position:0.001, "
                   "velocity:0.01, angular_velocity:0.02.")
    bias = Widget("", "Greatest biases, drawn with each reset, likewise.")
    camera = Widget("", "Pictures, such as 320x240@10: pixels and rate in Hz; empty: none.")
    view = Widget("", "The camera of the model that they are of; empty: from outside.")
    paused = Widget(False, "Time stands still.", live=True)
    reset = Widget(False, "Set it to true to put the robot back where it began.", live=True)
    push = Widget(False, "Set it to true to push the robot with push_wrench.", live=True)
    push_wrench = Widget("50,0,0", "Force of a push, N in the world's axes, and after it a torque "
                         "in N·m if there is one.", live=True)
    push_seconds = Widget(0.1, "How long a push lasts.", minimum=0.0, maximum=3600.0, unit="s",
                          live=True)
    push_body = Widget("", "The body that is pushed; empty: the base, or the first.", live=True)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check everything, the model with MuJoCo."""
        return [] if missing_values(cls.widgets, values) else robot_misfits(values)

    @classmethod
    def ros_topics(cls, values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
        """Say where it hears and what it tells; what has no type here has no topic."""
        heard = [TopicUse(command_topic(values), _COMMAND), _PUSH]
        if _hears_trajectories(values):
            heard.append(TopicUse(values["trajectory"], _TRAJECTORY))
        if values["camera"]:
            heard.append(TopicUse(simulator_camera.TOPIC, simulator_camera.TYPE, publishes=True))
        return (*heard, *(published(robot_of(values)) if values["model"] else ()))

    @classmethod
    def ros_services(cls, values: Mapping[str, Any]) -> tuple[ServiceUse, ...]:
        """Say what it offers."""
        return tuple(use for use in _SERVICES if is_installed(use.type))

    @classmethod
    def carried_files(cls, values: Mapping[str, Any]) -> Mapping[str, Sequence[Path]]:
        """Return the model with its meshes and textures, as far as they are in its folder."""
        robot = robot_of(values)
        return {"model": [file for file in robot.files
                          if file.resolve().is_relative_to(robot.path.parent.resolve())]}

    @classmethod
    def required_imports(cls) -> tuple[str, ...]:
        """Say what it moves with."""
        return ("mujoco",)

    def setup(self) -> None:
        """Make the robot, and let it speak and hear."""
        self._robot = made(made_robot, self.values)
        seed = node_seed(self.context.seed, self.context.node_id)
        self._noise = made(lambda values: noise_of(values, seed), self.values)
        self._commanded, self._running = asyncio.Event(), asyncio.Event()
        self._ticks = self._steps = 0
        self._was_safe = False
        self._trouble = HealthReporter(self.context)
        self._counts = self.context.health.values
        self._counts.update(commands=0, refused=0, safe_stops=0, resets=0, pushes=0)
        self._real_time = RealTime(1.0 / self.rate, self.context.health, self.real_time_factor,
                                   self.context.steady, catch_up=_CATCH_UP)
        self._camera = SimulatorCamera(parse_format(self.camera)) if self.camera else None
        self._say_and_hear()
        self.widget_changed("paused")

    def widget_changed(self, name: str) -> None:
        """Do what is asked for."""
        if name == "real_time_factor":
            self._real_time.set_factor(self.real_time_factor)
        elif name == "paused":
            self._running.clear() if self.paused else self._running.set()
        elif name == "reset" and self.reset:
            self.values["reset"] = False
            self._put_back()
        elif name == "push" and self.push:
            self.values["push"] = False
            self._obey("push", lambda: self._push(made(push_of, self.values)), counts=False)

    async def process(self) -> None:
        """Go on for ever, and tell how the robot is ``rate`` times a second."""
        if self._camera is not None:
            await self._camera.start(DrawnRobot(self._robot, self.view), self.context)
        self._tell()
        while True:
            await self._real_time.wait()
            await asyncio.sleep(0)  # as fast as it can leaves room to hear and to be ended
            if self.paused:
                await self._running.wait()
                self._real_time.begin_anew()
            await self._answered()
            self._go_on()
            self._tell()

    async def close(self) -> None:
        """Put the camera away."""
        if self._camera is not None:
            await self._camera.close()

    def _say_and_hear(self) -> None:
        from dnne_ros.sim.robot.robot_description import described

        topics, robot = self.context.topics, self._robot.robot
        self._topics = MujocoRobotTopics(self._robot, self.context, self._noise, described(robot))
        self._command_topic = command_topic(self.values)
        topics.subscribe(self._command_topic, _COMMAND, "reliable", self._hear_command)
        topics.subscribe(_PUSH.name, _PUSH.type, "reliable", self._hear_push)
        further = {use.name: use.type for use in _SERVICES}
        if self.control_type == "position" and self.trajectory:
            further[self.trajectory] = _TRAJECTORY
        if _hears_trajectories(self.values):
            topics.subscribe(self.trajectory, _TRAJECTORY, "reliable", self._hear_trajectory)
        if is_installed(_TRIGGER):
            answers = (self._answer_reset, self._answer_pause, self._answer_push)
            for use, answer in zip(_SERVICES, answers, strict=True):
                self.context.services.serve(use.name, use.type, answer)
        if missing := left_out(robot, further):
            self.context.log.info("left out, as their types are not installed: "
                                  f"{', '.join(missing)}")

    def _tell(self) -> None:
        self._commanded.clear()
        stamp = self._topics.publish(round(self._steps * self._robot.step_seconds * _SECOND))
        if self._camera is not None:
            self._camera.publish(0, stamp)

    async def _answered(self) -> None:
        """Wait for the command to what was told last, where time stands still until then."""
        while self.wait_for_commands == "always" \
                and not await came_within(self._commanded, _AGAIN):
            await self._running.wait()
            self._tell()  # nothing says that it has arrived

    def _go_on(self) -> None:
        """Let time pass by one period: as many physics steps as are due by its end."""
        self._ticks += 1
        due = round(self._ticks / (self.rate * self._robot.step_seconds))
        count, self._steps = due - self._steps, due
        if self.wait_for_commands == "first" and not self._robot.commands:
            return
        self._robot.step(count)
        was_safe, self._was_safe = self._was_safe, self._robot.is_safe
        if self._was_safe and not was_safe:
            self._counts["safe_stops"] += 1
            self._trouble.note("safe", f"no command for {self.timeout:g} s: the robot is safe")

    def _hear_command(self, message: Any) -> None:
        self._obey(self._command_topic, lambda: self._robot.command(
            np.asarray(message.data, np.float64)))

    def _hear_trajectory(self, message: Any) -> None:
        self._obey(self.trajectory, lambda: self._robot.follow(
            *_points(message, self._robot.joints)))

    def _hear_push(self, message: Any) -> None:
        force, torque = message.force, message.torque
        wrench = np.array([force.x, force.y, force.z, torque.x, torque.y, torque.z])
        self._obey(_PUSH.name, lambda: self._push(wrench), counts=False)

    def _obey(self, topic: str, call: Callable[[], None], *, counts: bool = True) -> None:
        """Do what somebody commands; what is no good ends no run."""
        try:
            call()
        except (ValueError, InputError) as error:
            self._counts["refused"] += 1
            self._trouble.note("refused", f"dropped a command on {topic}: {error}")
            return
        if counts:
            self._counts["commands"] += 1
            self._commanded.set()
            self._trouble.clear("commands are back")

    def _put_back(self) -> None:
        self._robot.reset()
        self._noise.begin_anew()
        self._counts["resets"] += 1

    def _push(self, wrench: np.ndarray) -> None:
        if not np.isfinite(wrench).all():
            raise ValueError("numbers that are not finite")
        self._robot.push(made(lambda values: pushed_body(self._robot.robot, values), self.values),
                         wrench, self.push_seconds)
        self._counts["pushes"] += 1

    def _answer_reset(self, request: Any, answer: Answer) -> None:
        self._put_back()
        answer(_done(_TRIGGER))

    def _answer_pause(self, request: Any, answer: Answer) -> None:
        self.values["paused"] = bool(request.data)
        self.widget_changed("paused")
        answer(_done(_SET_BOOL))

    def _answer_push(self, request: Any, answer: Answer) -> None:
        try:
            self._push(made(push_of, self.values))
        except InputError as error:
            answer(_done(_TRIGGER, str(error)))
            return
        answer(_done(_TRIGGER))


def _hears_trajectories(values: Mapping[str, Any]) -> bool:
    return bool(values["control_type"] == "position" and values["trajectory"]
                and is_installed(_TRAJECTORY))


def _points(message: Any, joints: Sequence[str]) -> tuple[list[float], np.ndarray]:
    """Return times in s and positions (points, joints) of a trajectory; ValueError if none."""
    if sorted(message.joint_names) != sorted(joints):
        raise ValueError(f"expected the joints {', '.join(joints)}, found "
                         f"{', '.join(message.joint_names)}")
    order = [message.joint_names.index(name) for name in joints]
    if not message.points or any(len(point.positions) != len(order) for point in message.points):
        raise ValueError(f"expected points with {len(order)} positions each")
    times = [point.time_from_start.sec + point.time_from_start.nanosec / _SECOND
             for point in message.points]
    return times, np.array([point.positions for point in message.points], np.float64)[:, order]


def _done(service: str, trouble: str = "") -> Any:
    response: Any = service_class(service)
    return response.Response(success=not trouble, message=trouble)
