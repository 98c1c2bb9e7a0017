"""Numbers off the bytes of messages: as a reader gives them, or not at all."""

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped, TwistStamped
from hypothesis import given, strategies as st
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Imu, JointState, LaserScan
from std_msgs.msg import Float64MultiArray
from test_msgs.msg import Arrays, BasicTypes, Nested, UnboundedSequences

from dnne_ros.messages.layout import QuickReader
from dnne_ros.messages.reading import NumberReader

NUMBERS = st.floats(width=64)


@st.composite
def joint_states(draw):
    """Draw joint states that are laid out in one of a few ways."""
    names = draw(st.sampled_from([["a", "b"], ["b", "a"], ["a", "bc", "b"], ["a"], []]))
    message = JointState(name=names)
    message.header.frame_id = draw(st.sampled_from(["", "base", "base_"]))
    message.header.stamp.sec = draw(st.integers(-2**31, 2**31 - 1))
    message.header.stamp.nanosec = draw(st.integers(0, 2**32 - 1))
    for field in ("position", "velocity", "effort"):
        size = draw(st.sampled_from([len(names)] * 6 + [0, 1]))
        setattr(message, field, draw(st.lists(NUMBERS, min_size=size, max_size=size)))
    return message


def read(reader, message):
    try:
        return reader.read(message).tolist()
    except ValueError:
        return None


@pytest.mark.parametrize("fields, order", [
    ("position,velocity", "elements"), ("velocity,position", "fields"), ("effort", "fields")])
@given(messages=st.lists(joint_states(), max_size=12))
def test_joint_states_are_read_as_their_reader_does(fields, order, messages):
    reader = NumberReader(JointState, fields, names=("b", "a"), order=order)
    quick = QuickReader(JointState, reader)
    for message in messages:
        data = serialize_message(message)
        expected = read(NumberReader(JointState, fields, names=("b", "a"), order=order), message)
        if quick.read(data):
            assert np.array_equal(quick.numbers, expected, equal_nan=True)
            stamp = message.header.stamp
            assert quick.stamp == stamp.sec * 10**9 + stamp.nanosec
        elif read(reader, message) is not None:
            quick.learn(data, deserialize_message(data, JointState))


def test_a_layout_is_known_from_the_second_message_on():
    reader = NumberReader(JointState, "position", names=("b", "a"))
    quick = QuickReader(JointState, reader)

    def hear(*position, names=("a", "b")):
        message = JointState(name=names, position=position)
        found = quick.read(serialize_message(message))
        if not found:
            reader.read(message)
            quick.learn(serialize_message(message), message)
        return found and quick.numbers.tolist()

    assert [hear(1.0, 2.0), hear(1.0, 2.0), hear(3.0, 4.0)] == [False, False, [4.0, 3.0]]
    assert [hear(5.0, 6.0, names=("b", "a"))] * 2 == [False, False]
    assert hear(5.0, 6.0, names=("b", "a")) is False
    assert hear(7.0, 8.0, names=("b", "a")) == [7.0, 8.0]


@pytest.mark.parametrize("message, fields", [
    (Imu(), "linear_acceleration,angular_velocity,orientation"),
    (Imu(), "orientation_covariance"),
    (TwistStamped(), "twist"), (PoseStamped(), "pose.position.x,pose.orientation"),
    (LaserScan(ranges=[1.0, 2.5], intensities=[3.0]), "ranges,angle_min"),
    (Float64MultiArray(data=[1.5, -2.0]), "data"), (BasicTypes(int64_value=-2**62), "int64_value"),
    (BasicTypes(bool_value=True, uint8_value=7, int16_value=-3, float32_value=1.5),
     "bool_value,uint8_value,int16_value,float32_value,float64_value"),
    (Arrays(), "int32_values,float64_values"), (Nested(), "basic_types_value.int8_value"),
    (UnboundedSequences(uint16_values=[1, 2, 3], bool_values=[True]), "uint16_values"),
])
def test_plain_fields_of_any_message(message, fields):
    reader = NumberReader(type(message), fields)
    quick = QuickReader(type(message), reader)
    data = serialize_message(message)
    quick.learn(data, message)
    assert quick.read(data)
    assert quick.numbers.dtype == reader.dtype
    assert quick.numbers.tolist() == reader.read(message).tolist()


@pytest.mark.parametrize("message, fields", [
    (LaserScan(ranges=[0.0] * 65), "ranges"),
    (BasicTypes(), "byte_value")])
def test_what_is_left_to_the_reader(message, fields):
    quick = QuickReader(type(message), NumberReader(type(message), fields))
    quick.learn(serialize_message(message), message)
    assert not quick.read(serialize_message(message))


def test_a_rehearsal_reads_what_was_learned_from_and_nothing_before():
    reader = NumberReader(JointState, "position", names=("a",))
    quick = QuickReader(JointState, reader)
    quick.rehearse()
    assert not hasattr(quick, "numbers")
    for position in (1.0, 2.0, 3.0):
        message = JointState(name=["a"], position=[position])
        data = serialize_message(message)
        if not quick.read(data):
            reader.read(message)
            quick.learn(data, message)
    kept = quick.numbers
    quick.rehearse()
    assert quick.numbers.tolist() == [2.0] and kept.tolist() == [3.0]
    assert quick.read(data) and quick.numbers.tolist() == [3.0]


def test_padding_that_differs_is_the_same_layout():
    """Nobody writes it, so it is whatever was in memory before."""
    reader = NumberReader(Float64MultiArray, "data")
    quick = QuickReader(Float64MultiArray, reader)
    message = Float64MultiArray(data=[1.0])
    data = bytearray(serialize_message(message))
    quick.learn(bytes(data), message)
    data[16:20] = b"\xff\x01\xfe\x02"
    assert quick.read(bytes(data)) and quick.numbers.tolist() == [1.0]


@pytest.mark.parametrize("spoil", [
    lambda data: data[:-1], lambda data: data + b"\0", lambda data: b"", lambda data: data[:4],
    lambda data: b"\0\0" + data[2:], lambda data: data[:12] + b"\xff" + data[13:]])
def test_bytes_that_are_no_such_message_are_not_read(spoil):
    reader = NumberReader(Float64MultiArray, "data")
    quick = QuickReader(Float64MultiArray, reader)
    message = Float64MultiArray(data=[1.0, 2.0])
    data = serialize_message(message)
    quick.learn(data, message)
    assert quick.read(data) and not quick.read(spoil(data)) and not quick.read(message)


def test_layouts_that_change_each_time_are_not_learned_for_ever():
    quick = QuickReader(Float64MultiArray, NumberReader(Float64MultiArray, "data"))
    for size in range(30):
        message = Float64MultiArray(data=[0.5] * size)
        data = serialize_message(message)
        assert not quick.read(data)
        quick.learn(data, message)
    assert not quick.read(data)
