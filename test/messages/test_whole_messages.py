"""Messages as dictionaries and pictures, and new ones with headers and names."""

import array

import numpy as np
import pytest
import torch
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays
from sensor_msgs.msg import Image, Imu, JointState
from std_msgs.msg import ByteMultiArray, Header, String

from dnne_ros.messages.dictionaries import fill, to_dictionary
from dnne_ros.messages.making import MessageMaker
from dnne_ros.messages.pictures import read_picture, write_picture
from dnne_ros.messages.stamps import has_stamp, read_stamp, write_stamp

JOINTS = st.builds(
    JointState, name=st.lists(st.text(max_size=5), max_size=3),
    position=st.lists(st.floats(allow_nan=False), max_size=3).map(lambda x: array.array("d", x)),
    header=st.builds(Header, frame_id=st.text(max_size=5)))
STATUS = st.builds(
    DiagnosticArray, status=st.lists(st.builds(
        DiagnosticStatus, name=st.text(max_size=5), level=st.binary(min_size=1, max_size=1),
        values=st.lists(st.builds(KeyValue, key=st.text(max_size=3)), max_size=2)), max_size=2))
BYTES = st.builds(ByteMultiArray, data=st.lists(st.binary(min_size=1, max_size=1), max_size=3))


@given(JOINTS | STATUS | BYTES)
def test_a_message_survives_as_a_dictionary(message):
    again = message.__class__()
    fill(again, to_dictionary(message))
    assert again == message


def test_arrays_of_a_dictionary_may_be_tensors_or_lists():
    made = JointState()
    fill(made, {"position": torch.tensor([1.0, 2.0]), "velocity": [3, 4.5], "name": ["a", "b"],
                "header": {"stamp": {"sec": 7}}})
    assert list(made.position) == [1.0, 2.0] and list(made.velocity) == [3.0, 4.5]
    assert made.header.stamp.sec == 7 and list(made.effort) == []


@pytest.mark.parametrize("values, expected", [
    ({"speed": 1}, r"has no field 'speed'; its fields are: header \(std_msgs/Header\)"),
    ({"header": {"stamp": {"s": 1}}}, "header: stamp: builtin_interfaces/msg/Time has no field"),
    ({"header": 3}, r"header: expected a dictionary \(std_msgs/Header\), found 3"),
    ({"name": [1]}, r"name: expected sequence<string>, found \[1\]"),
    ({"position": ["a"]}, "position: expected sequence<double>"),
    ({"position": [[1], [2, 3]]}, "position: expected sequence<double>"),
    ({"header": {"stamp": {"sec": 2**31}}}, "2147483648 is no int32"),
    ({"header": {"stamp": {"sec": [1, 2]}}}, "expected 1 values, found 2"),
])
def test_a_dictionary_that_does_not_fit(values, expected):
    with pytest.raises(ValueError, match=expected):
        fill(JointState(), values)


SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 5)) | \
    st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(2, 5))


@given(st.sampled_from(["uint8", "uint16", "int16", "int32", "float32", "float64"]).flatmap(
    lambda dtype: arrays.arrays(dtype, SHAPES)))
def test_a_picture_survives(picture):
    image = Image()
    write_picture(image, picture)
    again = read_picture(image)
    assert again.dtype == picture.dtype and again.tobytes() == picture.tobytes()
    assert again.shape == picture.shape and again.flags.writeable


@pytest.mark.parametrize("encoding, step, big, data, expected", [
    ("rgb8", 8, 0, [1, 2, 3, 4, 5, 6, 0, 0], [[[1, 2, 3], [4, 5, 6]]]),
    ("bgr8", 6, 0, [1, 2, 3, 4, 5, 6], [[[3, 2, 1], [6, 5, 4]]]),
    ("rgba8", 8, 0, [1, 2, 3, 4, 5, 6, 7, 8], [[[1, 2, 3, 4], [5, 6, 7, 8]]]),
    ("bgra8", 8, 0, [1, 2, 3, 4, 5, 6, 7, 8], [[[3, 2, 1, 4], [7, 6, 5, 8]]]),
    ("mono8", 2, 0, [1, 2], [[1, 2]]),
    ("mono16", 4, 0, [1, 0, 0, 1], [[1, 256]]),
    ("mono16", 4, 1, [1, 0, 0, 1], [[256, 1]]),
    ("16SC1", 4, 0, [255, 255, 0, 1], [[-1, 256]]),
    ("32FC1", 8, 0, [0, 0, 128, 63, 0, 0, 0, 64], [[1.0, 2.0]]),
    ("8UC2", 4, 0, [1, 2, 3, 4], [[[1, 2], [3, 4]]]),
])
def test_encodings(encoding, step, big, data, expected):
    image = Image(height=1, width=2, encoding=encoding, step=step, is_bigendian=big,
                  data=bytes(data))
    assert read_picture(image).tolist() == expected


def test_a_picture_goes_out_in_the_encoding_that_is_asked_for():
    image = Image()
    write_picture(image, np.array([[[1, 2, 3]]], np.uint8), "bgr8")
    assert list(image.data) == [3, 2, 1] and image.encoding == "bgr8" and image.step == 3
    with pytest.raises(ValueError, match="expected 1 channels of uint8 for mono8, found 3"):
        write_picture(image, np.zeros((1, 1, 3), np.uint8), "mono8")


@pytest.mark.parametrize("image, expected", [
    (Image(encoding="bayer_rggb8"), "image encoding 'bayer_rggb8' cannot be converted; expected "
     "mono8, mono16, rgb8"),
    (Image(encoding="yuv422"), "'yuv422' cannot be converted"),
    (Image(encoding="mono8", height=2, width=2, step=2, data=b"abc"), "needs rows of 2 bytes, "
     "found 3 bytes in rows of 2"),
    (Image(encoding="rgb8", height=1, width=2, step=4, data=b"abcd"), "needs rows of 6 bytes"),
])
def test_pictures_that_cannot_be_read(image, expected):
    with pytest.raises(ValueError, match=expected):
        read_picture(image)


@pytest.mark.parametrize("picture", [
    np.zeros((2, 2), bool), np.zeros(3), np.zeros((1, 1, 1, 1)), np.zeros((0, 2), np.uint8)])
def test_what_is_no_picture(picture):
    with pytest.raises(ValueError, match="expected a picture of shape"):
        write_picture(Image(), picture)


@given(st.integers(-2**31 * 10**9, (2**31 - 1) * 10**9))
def test_stamps_are_exact(nanoseconds):
    message = Imu()
    write_stamp(message, nanoseconds)
    assert read_stamp(message) == nanoseconds


def test_messages_without_a_stamp():
    assert has_stamp(Imu) and has_stamp(Header) and not has_stamp(String)
    with pytest.raises(ValueError, match="has no header with a stamp; its fields are: data"):
        write_stamp(String(), 1)
    with pytest.raises(ValueError, match="out of range"):
        write_stamp(Imu(), 2**63)


def test_joints_get_their_names_and_frame():
    made = MessageMaker(JointState, "position", names=["a", "b"], frame_id="base").make(
        np.array([1.0, 2.0]))
    assert made.name == ["a", "b"] and made.header.frame_id == "base"
    assert list(made.position) == [1.0, 2.0]


def test_text_and_dictionaries():
    assert MessageMaker(String, "data").make("hello").data == "hello"
    assert MessageMaker(Imu, "header.frame_id").make("base").header.frame_id == "base"
    assert MessageMaker(JointState, "").make({"name": ["a"]}).name == ["a"]


@pytest.mark.parametrize("arguments, value, expected", [
    ((JointState, "position"), {"name": ["a"]}, "expected numbers or text for a field"),
    ((JointState, "position"), "fast", "expected numbers, found text: 'fast'"),
    ((JointState, ""), np.zeros(2), "is not numbers alone"),
])
def test_values_of_the_wrong_kind(arguments, value, expected):
    with pytest.raises(ValueError, match=expected):
        MessageMaker(*arguments).make(value)


@pytest.mark.parametrize("message, field, options, expected", [
    (String, "data", {"frame_id": "base"}, "has no header"),
    (Imu, "orientation", {"names": ["a"]}, "does not name its elements"),
    (Imu, "orientation", {"encoding": "rgb8"}, "expected one only for a whole"),
    (Image, "", {"encoding": "bayer"}, "cannot be converted"),
    (Imu, "speed", {}, "has no 'speed'"),
])
def test_what_no_message_can_be_made_of(message, field, options, expected):
    with pytest.raises(ValueError, match=expected):
        MessageMaker(message, field, **options)
