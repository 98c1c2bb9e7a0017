"""The codecs against rclpy's own serialisation, with arrays of any kind and hostile bytes."""

import math
import struct

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import (
    Bool,
    Empty,
    Float32MultiArray,
    Float64,
    Float64MultiArray,
    Int64,
    MultiArrayDimension,
    String,
    UInt8MultiArray,
)

from dnne_ros.transport.array_codec import NATIVE_MESSAGES, ArrayCodec, decode_array, encode_array
from dnne_ros.transport.cdr import CdrError, CdrReader, CdrWriter
from dnne_ros.transport.codecs import (
    BoolCodec,
    BytesCodec,
    EmptyCodec,
    Float64Codec,
    Int64Codec,
    StringCodec,
    codec_for,
)
from dnne_ros.transport.credit import Credit
from dnne_ros.transport.image_codec import ImageCodec
from dnne_ros.transport.payload import Array, Wire

LABELLED = ("bool", "float16", "complex64", "complex128")
DTYPES = (*NATIVE_MESSAGES, *LABELLED)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
LABELS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@st.composite
def arrays(draw, dtypes=DTYPES):
    dtype = draw(st.sampled_from(dtypes))
    data = draw(hnp.arrays(dtype, draw(SHAPES)))
    axes = draw(st.lists(LABELS, min_size=data.ndim, max_size=data.ndim))
    return Array(data, tuple(axes))


def same(a, b):
    """Compare bit for bit: NaN is equal to itself, 0 is not -0."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def message_type(wire):
    return codec_for(wire).message_type()


class TestArrays:
    @given(arrays(tuple(NATIVE_MESSAGES)))
    @settings(max_examples=200)
    def test_ros_reads_what_we_write(self, array):
        wire = Wire(ArrayCodec, array.element_type)
        message = deserialize_message(
            codec_for(wire).encode(array), message_type(wire))
        assert np.array(message.data, array.data.dtype).tobytes() == array.data.tobytes()
        assert [dim.size for dim in message.layout.dim] == list(array.data.shape)
        assert tuple(dim.label for dim in message.layout.dim) == array.axes
        assert message.layout.data_offset == 0
        for axis, dim in enumerate(message.layout.dim):
            assert dim.stride == math.prod(array.data.shape[axis:])

    @given(arrays(tuple(NATIVE_MESSAGES)))
    @settings(max_examples=200)
    def test_we_read_what_ros_writes(self, array):
        wire = Wire(ArrayCodec, array.element_type)
        message = message_type(wire)(data=array.data.flatten())
        for axis, (label, size) in enumerate(zip(array.axes, array.data.shape)):
            message.layout.dim.append(MultiArrayDimension(
                label=label, size=size, stride=math.prod(array.data.shape[axis:])))
        received = codec_for(wire).decode(serialize_message(message))
        assert same(received.data, array.data) and received.axes == array.axes

    @given(arrays(), st.booleans())
    @settings(max_examples=300)
    def test_there_and_back(self, array, declared):
        carrier = array.element_type if declared else None
        received = decode_array(encode_array(array, carrier), carrier)
        assert same(received.data, array.data)
        assert received.axes == array.axes and received.element_type == array.element_type

    @given(arrays())
    def test_ports_of_any_type_show_bytes_to_the_rest_of_ros(self, array):
        message = deserialize_message(encode_array(array, None), UInt8MultiArray)
        assert bytes(message.data) == array.data.tobytes()
        *dims, last = message.layout.dim
        assert last.label == f"dtype={array.element_type}" and last.size == 1
        assert [dim.size for dim in dims] == list(array.data.shape)

    @pytest.mark.parametrize("element_type, stored", [
        ("bfloat16", "uint16"), ("float8_e5m2", "uint8"), ("complex32", "uint32")])
    def test_element_types_that_numpy_has_not(self, element_type, stored):
        array = Array(np.arange(6, dtype=stored).reshape(2, 3), ("a", "b"), element_type)
        received = decode_array(encode_array(array, element_type), element_type)
        assert same(received.data, array.data) and received.element_type == element_type

    def test_missing_axis_names_are_filled(self):
        message = encode_array(Array(np.zeros((2, 3, 4)), ("env",)), "float64")
        received = decode_array(message, "float64")
        assert received.axes == ("env", "axis1", "axis2")

    @pytest.mark.parametrize("data", [
        np.arange(12.0).reshape(3, 4).T, np.arange(12.0)[::2], np.broadcast_to(3.0, (2, 2))])
    def test_other_memory_orders(self, data):
        assert np.array_equal(decode_array(encode_array(Array(data), "float64"), "float64").data,
                              data)

    @pytest.mark.parametrize("count", [0, 2, 7])
    def test_plain_publishers_need_no_layout(self, count):
        message = Float32MultiArray(data=[float(i) for i in range(count)])
        received = decode_array(serialize_message(message), "float32")
        assert received.data.tolist() == list(range(count)) and received.axes == ("axis0",)

    def test_plain_publishers_may_use_an_offset(self):
        message = Float64MultiArray(data=[9.0, 9.0, 1.0, 2.0, 3.0, 4.0])
        message.layout.data_offset = 2
        assert decode_array(serialize_message(message), "float64").data.tolist() == [1, 2, 3, 4]
        message.layout.dim = [MultiArrayDimension(label="x", size=2, stride=4),
                              MultiArrayDimension(label="y", size=2, stride=2)]
        received = decode_array(serialize_message(message), "float64")
        assert received.data.tolist() == [[1, 2], [3, 4]]

    def test_plain_bytes_on_a_port_of_any_type(self):
        received = decode_array(serialize_message(UInt8MultiArray(data=b"\1\2\3")), None)
        assert received.data.tolist() == [1, 2, 3] and received.element_type == "uint8"

    def test_a_layout_that_asks_for_more_than_there_is(self):
        message = Float32MultiArray(data=[1.0])
        message.layout.dim = [MultiArrayDimension(label="x", size=2, stride=2)]
        with pytest.raises(CdrError, match=r"shape \(2,\) \(float32\) needs more than 1"):
            decode_array(serialize_message(message), "float32")

    @pytest.mark.parametrize("data, carrier, said", [
        (np.zeros(2), "float32", "expected elements of float32, found float64"),
        (np.array(["a"]), None, "elements of str"), (np.array([object()]), None, "of object"),
        (np.zeros(1, "datetime64[s]"), None, "elements of datetime64")])
    def test_elements_that_do_not_fit(self, data, carrier, said):
        with pytest.raises(TypeError, match=said):
            encode_array(Array(data), carrier)

    def test_an_array_that_no_message_can_hold(self):
        huge = np.broadcast_to(np.uint8(0), (2**17, 2**16))
        with pytest.raises(TypeError, match="too large"):
            encode_array(Array(huge), "uint8")


class TestScalars:
    @given(st.floats())
    def test_numbers(self, value):
        codec = codec_for(Wire(Float64Codec))
        message = codec.encode(value)
        assert serialize_message(Float64(data=value)) == message
        assert struct.pack("d", codec.decode(message)) == struct.pack("d", value)

    @given(st.integers(-2**63, 2**63 - 1))
    def test_whole_numbers(self, value):
        codec = codec_for(Wire(Int64Codec))
        assert deserialize_message(codec.encode(value), Int64).data == value
        assert codec.decode(serialize_message(Int64(data=value))) == value

    @pytest.mark.parametrize("value", [True, False])
    def test_truth_values(self, value):
        codec = codec_for(Wire(BoolCodec))
        assert deserialize_message(codec.encode(value), Bool).data is value
        assert codec.decode(serialize_message(Bool(data=value))) is value

    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
    def test_text(self, text):
        codec = codec_for(Wire(StringCodec))
        assert deserialize_message(codec.encode(text), String).data == text
        assert codec.decode(serialize_message(String(data=text))) == text
        assert codec.decode(codec.encode(text)) == text

    @pytest.mark.parametrize("text, received", [("a\0b", "a\ufffdb"), ("\ud800x", "\ufffdx")])
    def test_what_ros_text_cannot_hold_is_marked(self, text, received):
        codec = codec_for(Wire(StringCodec))
        assert codec.decode(codec.encode(text)) == received

    def test_triggers(self):
        codec = codec_for(Wire(EmptyCodec))
        assert isinstance(deserialize_message(codec.encode(None), Empty), Empty)
        assert codec.decode(serialize_message(Empty())) is None

    @given(st.binary())
    def test_bytes(self, data):
        codec = codec_for(Wire(BytesCodec))
        assert bytes(deserialize_message(codec.encode(data), UInt8MultiArray).data) == data
        assert codec.decode(codec.encode(data)) == data
        assert codec.decode(serialize_message(UInt8MultiArray(data=data))) == data

    @given(LABELS, st.integers(0, 2**62))
    def test_credits(self, consumer, taken):
        credit = Credit(consumer, 1, 2, received=taken, taken=taken, stores=2**64 - 1,
                        loans=(3, 5))
        message = credit.to_message()
        assert Credit.from_message(message) == credit
        assert decode_array(message, "uint64").data.tolist() == [
            1, 2, 0, 0, taken, taken, 0, 2**64 - 1, 3, 5, 0, 0]


WIRES = [Wire(ArrayCodec, dtype) for dtype in (*NATIVE_MESSAGES, "bool", "bfloat16", None)] + [
    Wire(codec) for codec in (
        BytesCodec, EmptyCodec, Float64Codec, Int64Codec, BoolCodec, StringCodec, ImageCodec)]


def decode_or_refuse(decode, data):
    """Return what ``decode`` makes of hostile bytes; only `CdrError` may come of them."""
    try:
        decode(data)
    except CdrError as error:
        assert str(error) and len(str(error)) < 300
        return False
    return True


class TestHostileBytes:
    @pytest.mark.parametrize("wire", WIRES, ids=str)
    @given(data=st.binary(max_size=100))
    def test_any_bytes(self, wire, data):
        decode_or_refuse(codec_for(wire).decode, data)
        decode_or_refuse(codec_for(wire).decode, b"\x00\x01\x00\x00" + data)

    @given(arrays(), st.booleans(), st.data())
    def test_damaged_arrays(self, array, declared, data):
        carrier = array.element_type if declared else None
        message = bytearray(encode_array(array, carrier))
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(message) - 1))
            message[at] = data.draw(st.integers(0, 255))
        decode_or_refuse(lambda data: decode_array(data, carrier), bytes(message))

    @given(st.lists(st.tuples(LABELS | st.sampled_from([
        "dtype=", "dtype=O", "dtype=S0", "dtype=f4,f4", "dtype=(", "dtype=M8[ns]", "dtype=V8",
        "dtype=complex128", "dtype=bool", "dtype=str", "dtype=\ufffd"]),
        st.integers(0, 2**32 - 1) | st.integers(0, 2)), max_size=70),
        st.integers(0, 2**32 - 1) | st.integers(0, 2),
        st.integers(0, 2**32 - 1) | st.integers(0, 9),
        st.binary(max_size=64), st.sampled_from(["float32", "float64", "uint8", None]))
    @settings(max_examples=300)
    @example([("", 0)] * 30 + [("", 10**9)] * 30, 0, 0, b"", "float32")
    def test_layouts_that_lie(self, dims, offset, count, elements, carrier):
        writer = CdrWriter()
        writer.uint32(len(dims))
        for label, size in dims:
            writer.string(label)
            writer.uint32(size)
            writer.uint32(0)
        writer.uint32(offset)
        writer.uint32(count)
        writer.raw(elements)
        message = writer.finish()
        decode_or_refuse(lambda data: decode_array(data, carrier), message)
        decode_or_refuse(Credit.from_message, message)

    def test_too_many_axes(self):
        message = Float32MultiArray(data=[1.0])
        message.layout.dim = [MultiArrayDimension(label="x", size=1, stride=1)] * 70
        with pytest.raises(CdrError):
            decode_array(serialize_message(message), "float32")

    @pytest.mark.parametrize("size", [1, 3, 5])
    def test_every_truncation(self, size):
        samples = [
            (Wire(ArrayCodec, "float64"), Array(np.arange(size, dtype=float), ("x",))),
            (Wire(ArrayCodec), Array(np.ones((size, 2), bool), ("a", "b"))),
            (Wire(BytesCodec), b"x" * size), (Wire(Float64Codec), 1.0), (Wire(Int64Codec), 1),
            (Wire(BoolCodec), True), (Wire(StringCodec), "é" * size),
            (Wire(ImageCodec), Array(np.ones((size, 2, 3), np.uint8)))]
        for wire, value in samples:
            codec = codec_for(wire)
            message = codec.encode(value)
            assert decode_or_refuse(codec.decode, message)
            for end in range(len(message)):
                assert not decode_or_refuse(codec.decode, message[:end]), (wire, end)

    @pytest.mark.parametrize("header", [b"", b"\x00", b"\x00\x00\x00\x00", b"\x00\x07\x00\x00"])
    def test_other_encapsulations(self, header):
        with pytest.raises(CdrError, match="little-endian CDR"):
            CdrReader(header + bytes(20))

    def test_text_that_is_not_utf8(self):
        with pytest.raises(CdrError, match="not UTF-8"):
            codec_for(Wire(StringCodec)).decode(b"\x00\x01\x00\x00\x03\x00\x00\x00\xff\xfe\x00")

    def test_a_credit_without_a_total(self):
        message = encode_array(Array(np.zeros(0, np.uint64), ("me",)), "uint64")
        with pytest.raises(CdrError):
            Credit.from_message(message)

    def test_a_credit_whose_name_would_fill_our_memory(self):
        longest = Credit("x" * 255, 1, 2).to_message()
        assert Credit.from_message(longest).consumer == "x" * 255
        with pytest.raises(CdrError, match="which no consumer gives"):
            Credit.from_message(Credit("x" * 10_000, 1, 2).to_message())

    @given(st.integers(0, 20).filter(lambda count: count != 12), st.integers(0, 2))
    def test_a_credit_of_another_shape(self, count, more):
        numbers = np.zeros((count,) + (1,) * more, np.uint64)
        message = encode_array(Array(numbers, ("me",) + ("more",) * more), "uint64")
        with pytest.raises(CdrError):
            Credit.from_message(message)
