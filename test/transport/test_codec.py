"""Codecs of other people's messages, which work on message objects."""

import numpy as np
import pytest
from sensor_msgs.msg import Range

from dnne_ros.transport.codec import MessageCodec
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.payload import Wire


class RangeCodec(MessageCodec):
    message = "sensor_msgs/msg/Range"

    def to_message(self, payload):
        return Range(range=payload)

    def from_message(self, message):
        return message.range


def test_a_message_there_and_back():
    codec = codec_for(Wire(RangeCodec))
    assert codec.message_type() is Range
    data = codec.encode(0.5)
    assert codec.decode(data) == codec.decode(memoryview(data)) == np.float32(0.5)


@pytest.mark.parametrize("data", [b"", b"\0\1\0\0", b"\0\1\0\0short"])
def test_bytes_that_are_no_message(data):
    with pytest.raises(ValueError, match="no sensor_msgs/msg/Range"):
        codec_for(Wire(RangeCodec)).decode(data)


def test_wires_are_equal_where_one_reads_the_other():
    assert Wire(RangeCodec) == Wire(RangeCodec) != Wire(RangeCodec, "float32")
