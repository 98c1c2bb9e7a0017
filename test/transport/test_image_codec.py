from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image

from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.image_codec import ImageCodec, decode_image, encode_image
from dnne_ros.transport.payload import Array, Wire

DTYPES = ["uint8", "uint16", "uint32", "int8", "int16", "int32", "float16", "float32", "float64"]
SHAPES = hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=6)


@given(st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, SHAPES)))
def test_ros_reads_what_we_write_and_so_do_we(picture):
    message = deserialize_message(encode_image(Array(picture), 1_700_000_000_123_456_789), Image)
    assert (message.height, message.width) == picture.shape[:2]
    assert message.step == message.width * picture.itemsize * int(np.prod(picture.shape[2:]))
    assert bytes(message.data) == picture.tobytes() and not message.is_bigendian
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (1_700_000_000, 123_456_789)
    received = decode_image(serialize_message(message))
    expected = picture[..., 0] if picture.shape[2:] == (1,) else picture
    assert received.data.dtype == expected.dtype and received.data.shape == expected.shape
    assert received.data.tobytes() == expected.tobytes()
    assert received.axes == ("height", "width", "channel")[:expected.ndim]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3, 3), (3, 0, 3), (0, 5)])
def test_pictures_without_pixels(shape):
    received = decode_image(encode_image(Array(np.zeros(shape, np.uint8)), 0))
    assert received.data.shape == shape


def image(**fields):
    return serialize_message(Image(**fields))


def test_padded_rows_and_other_byte_orders_of_cameras():
    rows = b"\x01\x02\x03\x04\xaa\xaa" + b"\x05\x06\x07\x08\xbb\xbb"
    big = image(height=2, width=2, encoding="mono16", is_bigendian=1, step=6, data=rows)
    assert decode_image(big).data.tolist() == [[0x0102, 0x0304], [0x0506, 0x0708]]
    little = image(height=2, width=2, encoding="16UC1", step=6, data=rows)
    assert decode_image(little).data.tolist() == [[0x0201, 0x0403], [0x0605, 0x0807]]


@pytest.mark.parametrize("encoding", [
    "bayer_rggb8", "", "yuv422", "8FC1", "32FC0", "32FC999999999999", "8UC", "32XC1", "mono8 "])
def test_encodings_without_array_form(encoding):
    with pytest.raises(CdrError, match="cannot be converted"):
        decode_image(image(height=1, width=1, encoding=encoding, step=8, data=bytes(8)))


@pytest.mark.parametrize("fields", [
    {"height": 2, "width": 2, "step": 1, "data": b"abcd"},
    {"height": 2, "width": 2, "step": 2, "data": b"abc"},
    {"height": 2**32 - 1, "width": 2, "step": 2, "data": b"abcd"},
    {"height": 1, "width": 2**32 - 1, "step": 4, "data": b"abcd"}])
def test_sizes_that_lie(fields):
    with pytest.raises(CdrError, match="needs rows of"):
        decode_image(image(encoding="mono8", **fields))


@given(st.binary(max_size=40), st.sampled_from(["mono8", "rgb8", "64FC99999", "16SC3"]),
       st.integers(0, 2**32 - 1) | st.integers(0, 3),
       st.integers(0, 2**32 - 1) | st.integers(0, 3),
       st.integers(0, 2**32 - 1) | st.integers(0, 30))
def test_any_sizes_give_a_picture_or_a_cdr_error(data, encoding, height, width, step):
    with suppress(CdrError):
        decode_image(image(data=data, encoding=encoding, height=height, width=width, step=step))


@pytest.mark.parametrize("array", [
    Array(np.zeros(3)), Array(np.zeros(())), Array(np.zeros((2, 2, 2, 2))),
    Array(np.zeros((2, 2), bool)), Array(np.zeros((2, 2), complex)),
    Array(np.zeros((2, 2), np.uint16), dtype="bfloat16")])
def test_what_is_no_picture(array):
    with pytest.raises(TypeError, match="picture of"):
        codec_for(Wire(ImageCodec)).encode(array)
