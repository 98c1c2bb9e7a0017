"""What a robot at the desk says of itself, on the topics that real robots use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dnne_ros.messages.message_types import is_installed
from dnne_ros.node_api.ros_frames import FrameTransform
from dnne_ros.node_api.ros_topics import TopicUse
from dnne_ros.nodes.ros.frames import TRANSFORMS
from dnne_ros.nodes.simulation import clock_publisher
from dnne_ros.nodes.simulation.clock_publisher import ClockPublisher
from dnne_ros.nodes.simulation.shown_robot import JOINT_STATES, ROBOT_DESCRIPTION, TYPES

if TYPE_CHECKING:
    from dnne_ros.node_api.context import NodeContext
    from dnne_ros.node_api.ros_topics import TopicPublisher
    from dnne_ros.sim.robot.mujoco_robot import MujocoRobot
    from dnne_ros.sim.robot.robot_model import RobotModel
    from dnne_ros.sim.robot.robot_sensors import SensorGroup
    from dnne_ros.sim.robot.sensor_noise import SensorNoise

ODOM = TopicUse("/odom", "nav_msgs/msg/Odometry", publishes=True)
TF = TopicUse("/tf", TRANSFORMS, publishes=True)
WORLD = "odom"
"""The frame that the world is called by: a robot knows where it began."""
_SENSOR_TYPES = {"imu": "sensor_msgs/msg/Imu", "wrench": "geometry_msgs/msg/WrenchStamped",
                 "contact": "std_msgs/msg/Float64"}
_SECOND = 1_000_000_000


def sensor_topics(robot: RobotModel) -> dict[str, SensorGroup]:
    """Return the sensors of a robot by topic: its first IMU is ``/imu``."""
    from dnne_ros.sim.robot.robot_sensors import sensor_groups

    topics: dict[str, SensorGroup] = {}
    for group in sensor_groups(robot):
        first_imu = group.kind == "imu" and "/imu" not in topics
        topics["/imu" if first_imu else f"~/{group.name}/{group.kind}"] = group
    return topics


def published(robot: RobotModel) -> tuple[TopicUse, ...]:
    """Return the topics that a robot speaks on; those for odometry only where their types are."""
    uses = [TopicUse(clock_publisher.TOPIC, clock_publisher.TYPE, True, under_sim_time=True)]
    uses += [TopicUse(topic, type, True) for topic, type in TYPES.items()]
    uses += [TopicUse(topic, _SENSOR_TYPES[group.kind], True)
             for topic, group in sensor_topics(robot).items()]
    return (*uses, *(use for use in of_base(robot) if is_installed(use.type)))


def of_base(robot: RobotModel) -> tuple[TopicUse, ...]:
    """Return what is said of a base that moves freely, whether or not its types are here."""
    return (ODOM, TF) if robot.base else ()


class MujocoRobotTopics:
    """Publishes how a robot is; what nobody listens to costs no message.

    Stamps are simulated time under ``use_sim_time``, and then ``/clock`` is published.
    """

    def __init__(self, robot: MujocoRobot, context: NodeContext, noise: SensorNoise,
                 description: str):
        """Speak for ``robot``, and say the URDF ``description`` for those who come later too."""
        self._robot, self._context, self._noise = robot, context, noise
        topics = context.topics
        self._clock = ClockPublisher(topics)
        self._names = list(robot.robot.joints)
        self._joint_states = topics.advertise(JOINT_STATES, TYPES[JOINT_STATES])
        self._description = topics.advertise(
            ROBOT_DESCRIPTION, TYPES[ROBOT_DESCRIPTION], "latched")
        self._description.publish(
            topics.message_class(TYPES[ROBOT_DESCRIPTION])(data=description))
        self._sensors = [(topics.advertise(topic, _SENSOR_TYPES[group.kind]), topic, group)
                         for topic, group in sensor_topics(robot.robot).items()]
        self._odom = self._broadcast = None
        if robot.robot.base and is_installed(ODOM.type):
            self._odom = topics.advertise(ODOM.name, ODOM.type)
        if robot.robot.base and is_installed(TF.type):
            self._broadcast = context.frames.broadcaster(False)

    def publish(self, simulated_ns: int) -> int:
        """Say how the robot is, at a simulated time in ns; return the stamp that it has, in ns."""
        stamp = simulated_ns
        if self._context.clock.simulated:
            self._clock.publish(simulated_ns)
        else:
            stamp = self._context.topics.now_ns()
        self._say(self._joint_states, TYPES[JOINT_STATES], stamp, "", self._fill_joints)
        for publisher, topic, group in self._sensors:
            def fill(message: Any, topic: str = topic, group: SensorGroup = group) -> None:
                self._fill_sensor(message, topic, group)
            self._say(publisher, _SENSOR_TYPES[group.kind], stamp, group.frame, fill)
        if self._odom is not None:
            self._say(self._odom, ODOM.type, stamp, WORLD, self._fill_odometry)
        base = self._robot.base_reading() if self._broadcast is not None else None
        if self._broadcast is not None and base is not None:
            self._broadcast(WORLD, self._robot.robot.base,
                            FrameTransform(base.position, base.rotation, stamp))
        return stamp

    def _say(self, publisher: TopicPublisher, type: str, stamp: int, frame: str,
             fill: Callable[[Any], None]) -> None:
        """Publish a message, if somebody listens."""
        if not publisher.get_subscription_count():
            return
        message: Any = self._context.topics.message_class(type)()
        if hasattr(message, "header"):
            message.header.frame_id = frame
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, _SECOND)
        fill(message)
        publisher.publish(message)

    def _fill_joints(self, message: Any) -> None:
        message.name = self._names
        for quantity, true in self._robot.joint_reading()._asdict().items():
            setattr(message, quantity, self._noise.measured(quantity, "", true).tolist())

    def _fill_sensor(self, message: Any, topic: str, group: SensorGroup) -> None:
        found = group.read(self._robot.data.sensordata)
        for quantity, true in found.items():
            if quantity == "orientation":
                _set_quaternion(message.orientation, np.roll(true, -1))
                continue
            numbers = self._noise.measured(quantity, topic, true)
            if group.kind == "contact":
                message.data = max(0.0, float(numbers[0]))
            else:
                vectors = message.wrench if group.kind == "wrench" else message
                _set_vector(getattr(vectors, quantity), numbers)
        if group.kind == "imu":
            for quantity in ("orientation", "angular_velocity", "linear_acceleration"):
                if quantity not in found:
                    getattr(message, f"{quantity}_covariance")[0] = -1.0  # not measured

    def _fill_odometry(self, message: Any) -> None:
        base = self._robot.base_reading()
        assert base is not None  # who has no base has no odometry
        message.child_frame_id = self._robot.robot.base
        _set_vector(message.pose.pose.position, base.position)
        _set_quaternion(message.pose.pose.orientation, base.rotation)
        _set_vector(message.twist.twist.linear, base.linear)
        _set_vector(message.twist.twist.angular, base.angular)


def left_out(robot: RobotModel, further: Mapping[str, str]) -> list[str]:
    """Return what a robot does not have here, as the types are not installed; ``further`` too.

    ``further`` are names and types beside those of `of_base`.
    """
    all_of_them = {use.name: use.type for use in of_base(robot)} | dict(further)
    return [f"{name} ({type})" for name, type in all_of_them.items() if not is_installed(type)]


def _set_vector(vector: Any, numbers: np.ndarray) -> None:
    vector.x, vector.y, vector.z = map(float, numbers)


def _set_quaternion(quaternion: Any, numbers: np.ndarray) -> None:
    quaternion.x, quaternion.y, quaternion.z, quaternion.w = map(float, numbers)
