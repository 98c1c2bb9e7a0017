from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState

from dnne_ros.transport.cdr import HEADER, CdrError
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.joint_state_codec import (
    JointStateCodec,
    decode_joint_states,
    encode_joint_states,
)
from dnne_ros.transport.payload import JointStates, Wire

QUANTITIES = ("position", "velocity", "effort")
NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
                         max_size=12), max_size=6)


@st.composite
def joint_states(draw):
    names = tuple(draw(NAMES))
    arrays = [draw(hnp.arrays("float64", draw(st.sampled_from((0, len(names))))))
              for _ in QUANTITIES]
    stamp = draw(st.integers(-2**31 * 10**9, 2**31 * 10**9 - 1))
    return JointStates(names, *arrays, stamp_ns=stamp)


def same(a, b):
    return (a.names == b.names and a.stamp_ns == b.stamp_ns and all(
        getattr(a, quantity).tobytes() == getattr(b, quantity).tobytes()
        for quantity in QUANTITIES))


@given(joint_states())
def test_ros_reads_what_we_write_and_so_do_we(states):
    data = encode_joint_states(states)
    message = deserialize_message(data, JointState)
    assert tuple(message.name) == states.names
    for quantity in QUANTITIES:
        found = np.array(getattr(message, quantity), np.float64)
        assert found.tobytes() == getattr(states, quantity).tobytes()
    stamp = message.header.stamp
    assert stamp.sec * 10**9 + stamp.nanosec == states.stamp_ns
    assert same(decode_joint_states(data), states)


@given(joint_states(), st.text(st.characters(exclude_categories=["Cs"],
                                             exclude_characters="\0"), max_size=9))
def test_we_read_what_ros_writes(states, frame):
    message = JointState(name=list(states.names))
    message.header.frame_id = frame
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(states.stamp_ns, 10**9)
    for quantity in QUANTITIES:
        setattr(message, quantity, getattr(states, quantity).tolist())
    assert same(decode_joint_states(serialize_message(message)), states)


@given(st.binary(max_size=80))
def test_any_bytes_give_joint_states_or_a_cdr_error(data):
    for message in (data, HEADER + data):
        with suppress(CdrError):
            decode_joint_states(message)


@given(joint_states(), st.data())
def test_a_message_that_was_cut_off(states, data):
    message = encode_joint_states(states)
    with pytest.raises(CdrError):
        decode_joint_states(message[:data.draw(st.integers(0, len(message) - 1))])


def test_arrays_that_do_not_fit_the_names():
    message = JointState(name=["a", "b"], position=[1.0, 2.0], velocity=[1.0])
    with pytest.raises(CdrError, match="2 joints, and 1 values of velocity"):
        decode_joint_states(serialize_message(message))
    none = np.empty(0)
    with pytest.raises(TypeError, match="expected 2 values of effort"):
        encode_joint_states(JointStates(("a", "b"), none, none, np.ones(3)))


def test_names_that_ros_strings_cannot_hold():
    none = np.empty(0)
    data = codec_for(Wire(JointStateCodec)).encode(JointStates(("a\0b\ud800",), none, none, none))
    assert deserialize_message(data, JointState).name == ["a�b�"]
