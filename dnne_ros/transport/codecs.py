"""The codecs of triggers, numbers, truth values, text and bytes, and how a codec is made."""

from __future__ import annotations

import struct
from typing import Any, ClassVar

import numpy as np

from dnne_ros.transport.array_codec import array_parts, decode_array
from dnne_ros.transport.cdr import HEADER, CdrReader, CdrWriter, ros_text
from dnne_ros.transport.codec import Codec
from dnne_ros.transport.payload import Array, Wire


def codec_for(wire: Wire) -> Codec:
    """Return a codec for one stream of what ``wire`` describes."""
    return wire.codec(wire.dtype)


class EmptyCodec(Codec):
    """Nothing but that the message comes; the payload is None."""

    message = "std_msgs/msg/Empty"

    def parts(self, payload: None) -> tuple[bytes]:
        """Return the message."""
        return (HEADER + b"\0",)  # an IDL struct has at least one member, so Empty has a filler

    def decode(self, message: bytes | memoryview) -> None:
        """Return None, whatever the message says."""


class _Primitive(Codec):
    """One value that `struct` packs."""

    packed: ClassVar[struct.Struct]

    def parts(self, payload: Any) -> tuple[bytes]:
        """Return the message."""
        return (HEADER + self.packed.pack(payload),)

    def decode(self, message: bytes | memoryview) -> Any:
        """Return the value."""
        return self.packed.unpack_from(message, CdrReader(message).take(self.packed.size))[0]


class Float64Codec(_Primitive):
    """A float of 64 bits."""

    message = "std_msgs/msg/Float64"
    packed = struct.Struct("<d")


class Int64Codec(_Primitive):
    """An integer of 64 bits."""

    message = "std_msgs/msg/Int64"
    packed = struct.Struct("<q")


class BoolCodec(_Primitive):
    """True or false."""

    message = "std_msgs/msg/Bool"
    packed = struct.Struct("<?")


class StringCodec(Codec):
    """Text."""

    message = "std_msgs/msg/String"

    def parts(self, payload: str) -> tuple[bytes]:
        """Return the message; what ROS strings cannot hold becomes �."""
        writer = CdrWriter()
        writer.string(ros_text(payload))
        return (writer.finish(),)

    def decode(self, message: bytes | memoryview) -> str:
        """Return the text."""
        return CdrReader(message).string()


class BytesCodec(Codec):
    """Bytes."""

    message = "std_msgs/msg/UInt8MultiArray"

    def parts(self, payload: bytes) -> tuple[bytes | memoryview, ...]:
        """Return the message."""
        return array_parts(Array(np.frombuffer(payload, np.uint8), ("byte",)), "uint8")

    def decode(self, message: bytes | memoryview) -> bytes:
        """Return the bytes."""
        return decode_array(message, "uint8").data.tobytes()
