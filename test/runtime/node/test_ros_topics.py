"""Topics of a node's own, on real DDS."""

import time

import numpy as np
import pytest
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image, JointState

from dnne_ros.errors import InputError
from dnne_ros.messages.pictures import read_picture, write_picture
from dnne_ros.messages.reading import NumberReader
from dnne_ros.node_api.ros_topics import QOS_PRESETS
from dnne_ros.runtime.looking_out import LookingOut
from dnne_ros.runtime.node.ros_topics import HostTopics, _with_arrival, qos_preset


@pytest.fixture
def topics(ros_loop):
    return HostTopics(ros_loop.node("host", namespace="/graph"))


def test_messages_go_out_and_come_in(ros_loop, topics):
    received = []
    topics.subscribe("~/joints", "sensor_msgs/msg/JointState", "sensor_data", received.append,
                     raw=True)
    topics.subscribe("picture", "sensor_msgs/msg/Image", "latched", received.append)
    sender = ros_loop.node("robot")
    joints = sender.create_publisher(JointState, "/graph/host/joints", 10)
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    image = Image()
    write_picture(image, picture)
    topics.advertise("picture", "sensor_msgs/msg/Image", "latched").publish(image)

    async def talk():
        await ros_loop.until(lambda: joints.get_subscription_count() and received)
        joints.publish(JointState(name=["a"], position=[1.5]))
        await ros_loop.until(lambda: len(received) == 2)

    ros_loop.run(talk())
    assert (read_picture(received[0]) == picture).all()
    message = topics.deserialize(received[1], "sensor_msgs/msg/JointState")
    assert NumberReader(JointState, "position", names=["a"]).read(message).tolist() == [1.5]
    assert topics.now_ns() > 0
    topics.flush(1.0)


def test_a_rehearsal_that_fails_is_said(ros_loop, capfd):
    waiting = LookingOut(lambda seconds: None)
    topics = HostTopics(ros_loop.node("host"), waiting)
    topics.rehearse(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        waiting.rehearsals[0]()
    assert "is rehearsed no more: ZeroDivisionError" in capfd.readouterr().err
    topics.close()
    assert not waiting.rehearsals


def test_when_a_message_arrived_is_known(ros_loop, topics):
    received = []
    topics.subscribe("~/joints", "sensor_msgs/msg/JointState", "sensor_data",
                     lambda message, arrived: received.append((arrived, time.monotonic())),
                     raw=True, timed=True)
    joints = ros_loop.node("robot").create_publisher(JointState, "/graph/host/joints", 10)

    async def talk():
        await ros_loop.until(joints.get_subscription_count)
        before = time.monotonic()
        joints.publish(JointState(name=["a"], position=[1.5]))
        await ros_loop.until(lambda: received)
        return before

    before = ros_loop.run(talk())
    ((arrived, taken),) = received
    assert before - 1e-3 < arrived <= taken  # two clocks


@pytest.mark.parametrize("as_tuple", [True, False], ids=["EventsExecutor", "others"])
def test_a_message_that_waited_arrived_before(as_tuple):
    heard = []
    call = _with_arrival(lambda message, arrived: heard.append((message, arrived)))
    received = (b"bytes", {"received_timestamp": time.time_ns() - 10_000_000_000})
    call(*([received] if as_tuple else received))
    ((message, arrived),) = heard
    assert message == b"bytes" and time.monotonic() - arrived >= 10.0
    call(b"later", {"received_timestamp": 0})  # a middleware that does not say
    assert heard[1][1] > arrived + 9.0


@pytest.mark.parametrize("name", QOS_PRESETS)
def test_every_preset_is_a_profile(name):
    profile = qos_preset(name)
    assert profile.reliability is (ReliabilityPolicy.BEST_EFFORT if name == "sensor_data"
                                   else ReliabilityPolicy.RELIABLE)
    assert (profile.durability is DurabilityPolicy.TRANSIENT_LOCAL) == (name == "latched")


def test_what_cannot_be_is_an_input_error(topics):
    with pytest.raises(InputError, match="topic '/a b'"):
        topics.advertise("/a b", "std_msgs/msg/String")
    with pytest.raises(InputError, match="topic 'a//b'"):
        topics.subscribe("a//b", "std_msgs/msg/String", "reliable", lambda message: None)
    with pytest.raises(InputError, match="the package no_msgs is not installed"):
        topics.message_class("no_msgs/msg/X")


def test_bytes_that_are_no_message(topics):
    good = serialize_message(JointState(name=["a"]))
    for bad in (b"", good[:7]):
        with pytest.raises(ValueError, match="no sensor_msgs/msg/JointState"):
            topics.deserialize(bad, "sensor_msgs/msg/JointState")


@pytest.fixture
def overridden(ros_loop):
    """Make a node with parameters for the QoS of its topics."""
    def make(**values):
        words = [word for name, value in values.items()
                 for word in ("-p", f"qos_overrides./shared.publisher.{name}:={value}")]
        return HostTopics(ros_loop.node("host", cli_args=["--ros-args", *words]))
    return make


def test_qos_may_be_chosen_by_parameters(ros_loop, overridden):
    topics = overridden(reliability="best_effort", depth=3, durability="transient_local")
    topics.advertise("shared", "std_msgs/msg/String")
    node = ros_loop.nodes[-1]
    (seen,) = node.get_publishers_info_by_topic("/shared")
    assert seen.qos_profile.reliability is ReliabilityPolicy.BEST_EFFORT
    assert seen.qos_profile.durability is DurabilityPolicy.TRANSIENT_LOCAL
    assert node.get_parameter("qos_overrides./shared.publisher.depth").value == 3
    topics.close()
    topics.advertise("shared", "std_msgs/msg/String")  # a node that begins anew


def test_a_topic_with_two_types_in_a_process_is_an_input_error(topics):
    topics.subscribe("shared", "std_msgs/msg/String", "reliable", lambda message: None)
    with pytest.raises(InputError, match="topic shared: .*incompatible type"):
        topics.advertise("shared", "sensor_msgs/msg/JointState")


@pytest.mark.parametrize(("name", "value", "said"), [
    ("history", "keep_all", "expected keep_last"), ("depth", 0, "expected at least 1, found 0"),
    ("reliability", "perhaps", "perhaps"), ("depth", "many", "depth")])
def test_qos_that_cannot_be_is_an_input_error(overridden, name, value, said):
    topics = overridden(**{name: value})
    with pytest.raises(InputError, match=said) as error:
        topics.advertise("shared", "std_msgs/msg/String")
    assert "qos_overrides.shared" in str(error.value)
