"""A robot for those who have none at hand: ROS messages, and nothing of dnne_ros.

``stand_in_robot.py arm`` has two joints.  It publishes ``/joint_states`` and moves to what comes
on ``/position_controller/commands``, as ros2_control's forward command controller takes it, and,
where control_msgs is installed, to where the action of a joint_trajectory_controller says.

``stand_in_robot.py base`` stands 3 m before a wall.  It publishes ``/scan`` and drives as
``/cmd_vel`` says, for half a second after each message; where tf2_msgs is installed,
``/tf_static`` has its laser, 0.2 m before the middle of the base.

``stand_in_robot.py simulation`` is the base in a time of its own, which ``/clock`` has: five times
as fast as that of the machine.

It says what happens, and ends with Ctrl-C.
"""

import math
import sys

import rclpy
from builtin_interfaces.msg import Time
from geometry_msgs.msg import TransformStamped, Twist
from rclpy.executors import ExternalShutdownException
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState, LaserScan
from std_msgs.msg import Float64MultiArray

PERIOD = 0.02
SPEED = 5.0
TARGET = 0.8


class Robot:
    def __init__(self, name, speed=1.0):
        self.node = rclpy.create_node(name)
        self.seconds = 0.0
        self.commands = 0
        self.said = ""
        self.node.create_timer(PERIOD / speed, self.step)

    def say(self, text):
        if text != self.said:
            self.said = text
            print(text, flush=True)


class Arm(Robot):
    """Two joints that go at most 1 rad/s."""

    def __init__(self):
        super().__init__("stand_in_arm")
        self.joints = {"elbow": 0.0, "shoulder": 0.0}
        self.wanted = dict(self.joints)
        self.states = self.node.create_publisher(
            JointState, "/joint_states", qos_profile_sensor_data)
        self.node.create_subscription(
            Float64MultiArray, "/position_controller/commands",
            lambda message: self.command(("shoulder", "elbow"), message.data), 10)
        try:
            from control_msgs.action import FollowJointTrajectory
            from rclpy.action import ActionServer
        except ImportError:
            return
        self.result = FollowJointTrajectory.Result
        self.server = ActionServer(
            self.node, FollowJointTrajectory,
            "/joint_trajectory_controller/follow_joint_trajectory", self.follow)

    def command(self, names, positions):
        self.commands += 1
        self.wanted.update(zip(names, map(float, positions), strict=True))

    def follow(self, goal):
        trajectory = goal.request.trajectory
        self.command(trajectory.joint_names, trajectory.points[-1].positions)
        goal.succeed()
        return self.result()

    def step(self):
        for name, wanted in self.wanted.items():
            self.joints[name] += min(PERIOD, max(-PERIOD, wanted - self.joints[name]))
        message = JointState(name=list(self.joints), position=list(self.joints.values()))
        message.header.stamp = self.node.get_clock().now().to_msg()
        self.states.publish(message)
        if all(abs(position - TARGET) < 0.01 for position in self.joints.values()):
            self.say("the arm is where it was to be")
        elif self.commands:
            self.say("the arm is on its way")


class Base(Robot):
    """A base that drives towards a wall."""

    def __init__(self, speed=1.0, clock=False):
        super().__init__("stand_in_base", speed)
        self.to_wall, self.velocity, self.heard = 3.0, 0.0, -1.0
        self.steps = 0
        self.clock = self.node.create_publisher(Clock, "/clock", 10) if clock else None
        self.scans = self.node.create_publisher(LaserScan, "/scan", qos_profile_sensor_data)
        self.node.create_subscription(Twist, "/cmd_vel", self.command, 10)
        self.publish_frames()

    def publish_frames(self):
        try:
            from tf2_msgs.msg import TFMessage
        except ImportError:
            return
        laser = TransformStamped(child_frame_id="laser")
        laser.header.frame_id = "base_link"
        laser.transform.translation.x = 0.2
        laser.transform.rotation.w = 1.0
        self.frames = self.node.create_publisher(TFMessage, "/tf_static", QoSProfile(
            depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self.frames.publish(TFMessage(transforms=[laser]))

    def command(self, message):
        self.commands += 1
        self.velocity, self.heard = message.linear.x, self.seconds

    def step(self):
        self.steps += 1
        self.seconds += PERIOD
        if self.seconds - self.heard > 0.5:  # as the watchdog of a real base
            self.velocity = 0.0
        self.to_wall = max(0.0, self.to_wall - self.velocity * PERIOD)
        now = Time(sec=int(self.seconds), nanosec=int(self.seconds % 1 * 1e9))
        if self.clock is not None:
            self.clock.publish(Clock(clock=now))
        if self.steps % 5 == 0:
            self.scan(now if self.clock is not None else self.node.get_clock().now().to_msg())
        if self.commands and self.velocity < 0.02:
            self.say(f"the base stands {self.to_wall:.1f} m before the wall"
                     if self.seconds - self.heard <= 0.5 else "nobody drives the base")
        elif self.commands:
            self.say("the base drives")

    def scan(self, now):
        message = LaserScan(angle_min=-0.1, angle_max=0.1, angle_increment=0.1, range_min=0.05,
                            range_max=10.0, ranges=[math.inf, self.to_wall - 0.2, math.inf])
        message.header.frame_id = "laser"
        message.header.stamp = now
        self.scans.publish(message)


KINDS = {"arm": Arm, "base": Base, "simulation": lambda: Base(SPEED, clock=True)}


def main():
    rclpy.init()
    robot = KINDS[sys.argv[1]]()
    try:
        rclpy.spin(robot.node)
    except (KeyboardInterrupt, ExternalShutdownException):
        print(f"{robot.commands} commands in {robot.seconds:.1f} s", flush=True)


main()
