import pytest
from hypothesis import given, strategies as st
from rclpy.serialization import deserialize_message
from std_msgs.msg import UInt8MultiArray

from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.frame import (
    HEAD_SIZE,
    FrameKind,
    pack_head,
    parse_head,
    parse_place,
    readdressed,
)
from dnne_ros.transport.identity import MOST

U64 = st.integers(0, 2**64 - 1)
COUNTS = st.integers(0, MOST)


@given(st.sampled_from(FrameKind), U64, COUNTS, COUNTS, st.integers(0, 2**63 - 1),
       st.binary(max_size=40), st.binary(max_size=30), st.integers(0, 3))
def test_what_is_packed_comes_back(kind, receiver, stream, number, stamp, body, tail, padding):
    message = pack_head(kind, receiver, stream, number, stamp, len(body), len(tail)) + body + tail
    inside = deserialize_message(message, UInt8MultiArray)
    assert len(inside.data) == HEAD_SIZE - 16 + len(body) + len(tail) and not inside.layout.dim
    padded = message[:3] + bytes([padding]) + message[4:] + bytes(padding)
    assert parse_head(padded)[:5] == (kind, receiver, stream, number, stamp)
    end = parse_head(padded).end
    assert padded[HEAD_SIZE:end] == body
    assert padded[end:end + parse_head(padded).tail] == tail
    again = readdressed(padded, 7)
    assert parse_head(again)[:5] == (kind, 7, stream, number, stamp)
    assert again[HEAD_SIZE:] == padded[HEAD_SIZE:]


def test_a_place_comes_back():
    message = pack_head(FrameKind.STORED, 0, 1, 1, 0, 6) + b"\2there"
    assert parse_place(parse_head(message), message) == (2, b"there")


def test_a_tail_that_is_longer_than_its_frame():
    message = pack_head(FrameKind.INLINE, 0, 1, 1, 0, 4, 3) + b"itemend"
    assert parse_head(message)[-2:] == (HEAD_SIZE + 4, 3)
    lying = bytearray(message)
    lying[18] = 8
    with pytest.raises(CdrError):
        parse_head(bytes(lying))


def test_a_frame_without_a_place():
    message = pack_head(FrameKind.STORED, 0, 1, 1, 0, 0)
    with pytest.raises(CdrError):
        parse_place(parse_head(message), message)


@given(st.binary(max_size=120))
def test_other_bytes_are_no_frame(data):
    with pytest.raises(CdrError):
        parse_head(data)


@given(st.integers(0, HEAD_SIZE + 29))
def test_every_truncation_is_refused(size):
    body = bytes(30)
    message = (pack_head(FrameKind.STORED, 0, 1, 1, 0, len(body)) + body)[:size]
    with pytest.raises(CdrError):
        parse_head(message)
