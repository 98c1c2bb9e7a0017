"""The codec table: for each kind of payload its ROS message, and both directions."""

from __future__ import annotations

import importlib
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from dnne_ros.transport.array_codec import ArrayDecoder, array_message, array_parts, decode_array
from dnne_ros.transport.cdr import HEADER, CdrReader, CdrWriter, ros_text
from dnne_ros.transport.image_codec import decode_image, image_parts
from dnne_ros.transport.joint_state_codec import decode_joint_states, encode_joint_states
from dnne_ros.transport.payload import Array, Wire


@dataclass(frozen=True)
class Codec:
    """How payloads of one wire become serialised messages and payloads again.

    ``message`` is the ROS type, ``std_msgs/msg/Float32MultiArray``.  ``parts`` returns the
    serialised message in pieces, so that a large array is copied only to where it must go.
    ``decode`` takes bytes or a view of them.
    """

    message: str
    parts: Callable[[Any], tuple[bytes | memoryview, ...]]
    decode: Callable[[bytes | memoryview], Any]

    def encode(self, payload: Any) -> bytes:
        """Return the serialised message."""
        return b"".join(self.parts(payload))

    def message_type(self) -> type:
        """Return the message's Python class."""
        package, _, name = self.message.replace("/", ".").rpartition(".")
        message: type = getattr(importlib.import_module(package), name)
        return message


def codec_for(wire: Wire) -> Codec:
    """Return the codec of a wire; KeyError for a kind that does not exist."""
    if wire.kind == "array":
        return Codec(f"std_msgs/msg/{array_message(wire.dtype)}",
                     partial(array_parts, carrier=wire.dtype),
                     ArrayDecoder(wire.dtype))
    return _CODECS[wire.kind]


def _primitive(code: str) -> tuple[Callable[[Any], tuple[bytes]],
                                   Callable[[bytes | memoryview], Any]]:
    packed = struct.Struct("<" + code)

    def parts(value: Any) -> tuple[bytes]:
        return (HEADER + packed.pack(value),)

    def decode(message: bytes | memoryview) -> Any:
        return packed.unpack_from(message, CdrReader(message).take(packed.size))[0]

    return parts, decode


def _string_parts(text: str) -> tuple[bytes]:
    writer = CdrWriter()
    writer.string(ros_text(text))
    return (writer.finish(),)


def _bytes_parts(data: bytes) -> tuple[bytes | memoryview, ...]:
    return array_parts(Array(np.frombuffer(data, np.uint8), ("byte",)), "uint8")


def _decode_bytes(message: bytes | memoryview) -> bytes:
    return decode_array(message, "uint8").data.tobytes()


def _empty_parts(_: None) -> tuple[bytes]:
    return (HEADER + b"\0",)  # an IDL struct has at least one member, so Empty has a filler


def _decode_empty(_: bytes | memoryview) -> None:
    return None


_CODECS = {
    "bytes": Codec("std_msgs/msg/UInt8MultiArray", _bytes_parts, _decode_bytes),
    "empty": Codec("std_msgs/msg/Empty", _empty_parts, _decode_empty),
    "float64": Codec("std_msgs/msg/Float64", *_primitive("d")),
    "int64": Codec("std_msgs/msg/Int64", *_primitive("q")),
    "bool": Codec("std_msgs/msg/Bool", *_primitive("?")),
    "string": Codec("std_msgs/msg/String", _string_parts,
                    lambda message: CdrReader(message).string()),
    "image": Codec("sensor_msgs/msg/Image",
                   lambda array: image_parts(array, time.time_ns()), decode_image),
    "joint_states": Codec("sensor_msgs/msg/JointState",
                          lambda states: (encode_joint_states(states),), decode_joint_states),
}
