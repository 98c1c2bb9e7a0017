"""Over real DDS: what a plain ROS subscriber sees of our topics, and we of a plain publisher."""

import asyncio

import numpy as np
import pytest
import torch
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Bool, Empty, Float32MultiArray, Float64, Int64, String, UInt8MultiArray

from dnne_ros.node_api.port_types import (
    Boolean,
    Dict,
    Float,
    Image,
    Int,
    String as Text,
    Sync,
    Tensor,
)
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.qos import data_qos

QOS = data_qos({EdgePolicy.LOSSLESS}, 10)


def trip(ros, port_type, values, message_type):
    """Publish our way; return what a typed subscriber got, and what came back from its kind."""
    codec = codec_for(port_type.wire)
    assert codec.message_type() is message_type
    ours, plain = ros.node("ours"), ros.node("plain")
    seen, returned = asyncio.Queue(), asyncio.Queue()
    there = ours.create_publisher(codec.message_type(), "there", QOS)
    back = plain.create_publisher(message_type, "back", 10)
    plain.create_subscription(message_type, "there", seen.put_nowait, 10)
    ours.create_subscription(codec.message_type(), "back", returned.put_nowait, QOS, raw=True)

    async def main():
        await ros.until(lambda: there.get_subscription_count() and back.get_subscription_count())
        pairs = []
        for value in values:
            there.publish(codec.encode(port_type.pack(value)))
            message = await seen.get()
            back.publish(message)
            pairs.append((message, port_type.unpack(codec.decode(await returned.get()))))
        return pairs

    return ros.run(main())


def test_tensors_are_labelled_arrays_for_everybody(ros_loop):
    values = [torch.rand(3, 4), torch.zeros(0, 4), torch.rand(1, 1)]
    for value, (message, back) in zip(values, trip(
            ros_loop, Tensor("float32", ("env", "observation")), values, Float32MultiArray)):
        assert [dim.label for dim in message.layout.dim] == ["env", "observation"]
        assert [dim.size for dim in message.layout.dim] == list(value.shape)
        assert [dim.stride for dim in message.layout.dim] == [value.numel(), value.shape[1]]
        assert list(message.data) == value.flatten().tolist()
        assert torch.equal(back, value) and back.shape == value.shape


def test_flags_are_bytes_with_their_type_named(ros_loop):
    values = [torch.tensor([True, False, True])]
    [(message, back)] = trip(ros_loop, Tensor("bool", ("env",)), values, UInt8MultiArray)
    assert bytes(message.data) == b"\1\0\1"
    assert [(dim.label, dim.size) for dim in message.layout.dim] == [("env", 3), ("dtype=bool", 1)]
    assert torch.equal(back, values[0])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.int64, torch.complex64])
def test_ports_of_any_element_type(ros_loop, dtype):
    values = [torch.arange(6).reshape(2, 3).to(dtype), torch.tensor(5).to(dtype)]
    for value, (_, back) in zip(values, trip(ros_loop, Tensor(), values, UInt8MultiArray)):
        assert torch.equal(back, value) and back.dtype == dtype and back.shape == value.shape


@pytest.mark.parametrize("port_type, values, message_type", [
    (Float(), [0.1, -0.0, float("inf")], Float64), (Int(), [0, -2**63, 2**63 - 1], Int64),
    (Boolean(), [True, False], Bool), (Text(), ["", "grüße 日本 😀"], String)])
def test_scalars_are_the_plain_messages(ros_loop, port_type, values, message_type):
    pairs = trip(ros_loop, port_type, values, message_type)
    assert [message.data for message, _ in pairs] == values
    assert [back for _, back in pairs] == values


def test_triggers_are_empty(ros_loop):
    [(message, back)] = trip(ros_loop, Sync(), ["go"], Empty)
    assert isinstance(message, Empty) and back is None


def test_dictionaries_are_text(ros_loop):
    value = {"time_outs": torch.tensor([True, False]), "note": "é"}
    [(message, back)] = trip(ros_loop, Dict(), [value], String)
    assert '"time_outs": {"dtype": "bool", "shape": [2], "data": [true, false]}' in message.data
    assert torch.equal(back["time_outs"], value["time_outs"]) and back["note"] == "é"


def test_pictures_are_sensor_images(ros_loop):
    value = torch.randint(0, 256, (5, 7, 3), dtype=torch.uint8)
    [(message, back)] = trip(ros_loop, Image(), [value], ImageMessage)
    assert (message.height, message.width, message.encoding, message.step) == (5, 7, "rgb8", 21)
    assert message.header.stamp.sec > 1_600_000_000
    assert np.array_equal(np.frombuffer(bytes(message.data), np.uint8), value.flatten().numpy())
    assert torch.equal(back, value)


def test_a_latched_topic_serves_who_comes_late(ros_loop):
    codec = codec_for(Float().wire)
    qos = data_qos({EdgePolicy.LATEST}, 100)
    publisher = ros_loop.node("early").create_publisher(codec.message_type(), "state", qos)
    for value in (1.0, 2.0, 3.0):
        publisher.publish(codec.encode(value))
    received = asyncio.Queue()
    ros_loop.node("late").create_subscription(Float64, "state", received.put_nowait, qos)

    async def main():
        return [(await received.get()).data, received.empty()]

    assert ros_loop.run(main()) == [3.0, True]


@pytest.mark.parametrize("policies, latched", [
    ({EdgePolicy.LATEST}, True), ({EdgePolicy.LATEST, EdgePolicy.LOSSLESS}, False),
    ({EdgePolicy.DROP_OLDEST}, False)])
def test_only_topics_of_which_everybody_wants_the_newest_are_latched(policies, latched):
    qos: QoSProfile = data_qos(policies, 7)
    assert qos.depth == (1 if latched else 7)
    assert (qos.durability.name == "TRANSIENT_LOCAL") is latched
