"""External inputs: any publisher, any time, and nothing a stranger sends ends the run."""

import numpy as np
import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Float32MultiArray

from dnne_ros.node_api import port_types
from dnne_ros.runtime.edges.input_port import ExternalInput
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.external_reader import ExternalReader
from dnne_ros.transport.payload import Array
from dnne_ros.transport.policy import EdgePolicy


def reader_of(ros_loop, type, policy, capacity=100):
    node = ros_loop.node("robot_reader")
    reader = ExternalReader(node, "joint_states", codec_for(type.wire), policy, capacity)
    return reader, ExternalInput(reader, codec_for(type.wire), type, node.get_logger())


@pytest.mark.parametrize("qos", [
    qos_profile_sensor_data, QoSProfile(depth=1),
    QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)], ids=["sensor", "1", "5"])
def test_every_publisher_matches(ros_loop, qos):
    _, source = reader_of(ros_loop, port_types.JointState(), EdgePolicy.LATEST)
    publisher = ros_loop.node("robot").create_publisher(JointState, "joint_states", qos)

    async def trip():
        await ros_loop.until(publisher.get_subscription_count)
        publisher.publish(JointState(name=["a"], position=[0.5]))
        return await source.get(10.0)

    states = ros_loop.run(trip())
    assert states.names == ("a",) and states.position.tolist() == [0.5]


def test_what_is_malformed_is_dropped(ros_loop):
    reader, source = reader_of(ros_loop, port_types.Tensor("float32", ("env", "observation")),
                               EdgePolicy.DROP_OLDEST)
    publisher = ros_loop.node("robot").create_publisher(Float32MultiArray, "joint_states", 10)

    async def trip():
        await ros_loop.until(publisher.get_subscription_count)
        publisher.publish(b"\0\1\0\0garbage")
        publisher.publish(b"")
        publisher.publish(Float32MultiArray(data=[1.0, 2.0]))  # one axis, two are declared
        publisher.publish(codec_for(source._type.wire).encode(
            Array(np.ones((1, 2), np.float32))))
        return await source.get(10.0)

    assert ros_loop.run(trip()).tolist() == [[1.0, 1.0]]
    assert reader.stats.lost >= 2  # DDS itself may refuse to send the empty one


def test_a_robot_that_is_silent_times_out(ros_loop):
    _, source = reader_of(ros_loop, port_types.JointState(), EdgePolicy.LATEST)
    with pytest.raises(TimeoutError):
        ros_loop.run(source.get(0.05))


@pytest.mark.parametrize("asked, given", [
    (EdgePolicy.LOSSLESS, EdgePolicy.DROP_OLDEST), (EdgePolicy.LATEST, EdgePolicy.LATEST)])
def test_a_robot_does_not_wait(ros_loop, asked, given):
    assert reader_of(ros_loop, port_types.JointState(), asked)[0].policy is given
