"""Who publishes and is not heard is named: by a warning, and to whoever asks."""

import pytest
from rcl_interfaces.msg import Log
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from dnne_ros.runtime.node.ros_topics import HostTopics
from dnne_ros.transport.unheard import unheard

VOLATILE = QoSProfile(depth=1, durability=DurabilityPolicy.VOLATILE)
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


def ignore(message):
    pass


@pytest.fixture
def graph(ros_loop):
    return ros_loop.node("graph", namespace="/robot")


@pytest.mark.parametrize(("wanted", "offered", "why"), [
    ("reliable", BEST_EFFORT, "its reliability is best_effort, expected reliable"),
    ("latched", VOLATILE, "its durability is volatile, expected transient_local")])
def test_a_publisher_that_offers_too_little_is_named(ros_loop, graph, wanted, offered, why):
    said = []
    ros_loop.node("listener").create_subscription(
        Log, "/rosout", lambda log: said.append((log.name, log.msg)),
        QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    HostTopics(graph).subscribe("joints", "sensor_msgs/msg/JointState", wanted, ignore)
    publisher = ros_loop.node("driver").create_publisher(
        JointState, "/robot/joints", offered)
    reason = f"/driver is not heard: {why}"

    async def main():
        await ros_loop.until(lambda: unheard(graph, "/robot/joints") == [reason])
        await ros_loop.until(lambda: any(name == "robot.graph" and "is not heard" in text
                                         for name, text in said))

    ros_loop.run(main())
    assert not publisher.get_subscription_count()


def test_a_publisher_of_another_type_is_named(ros_loop, graph, another_process):
    HostTopics(graph).subscribe("joints", "sensor_msgs/msg/JointState", "sensor_data", ignore)
    driver = another_process("driver")
    driver.create_publisher(String, "/robot/joints", 1)
    ros_loop.run(ros_loop.until(lambda: unheard(graph, "/robot/joints") == [
        "/driver is not heard: its type is std_msgs/msg/String, expected "
        "sensor_msgs/msg/JointState"]))


def test_who_is_heard_is_not_told_of(ros_loop, graph):
    HostTopics(graph).subscribe("joints", "sensor_msgs/msg/JointState", "sensor_data", ignore)
    publishers = [ros_loop.node(f"driver_{number}").create_publisher(
        JointState, "/robot/joints", qos) for number, qos in enumerate((VOLATILE, BEST_EFFORT))]
    ros_loop.run(ros_loop.until(lambda: all(each.get_subscription_count()
                                            for each in publishers)))
    assert unheard(graph, "/robot/joints") == []
