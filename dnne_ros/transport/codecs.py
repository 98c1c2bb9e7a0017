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

from dnne_ros.transport.array_codec import array_message, decode_array, encode_array
from dnne_ros.transport.cdr import HEADER, CdrReader, CdrWriter, ros_text
from dnne_ros.transport.image_codec import decode_image, encode_image
from dnne_ros.transport.joint_state_codec import decode_joint_states, encode_joint_states
from dnne_ros.transport.payload import Array, Wire


@dataclass(frozen=True)
class Codec:
    """How payloads of one wire become serialised messages and payloads again.

    ``message`` is the ROS type, ``std_msgs/msg/Float32MultiArray``.
    """

    message: str
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]

    def message_type(self) -> type:
        """Return the message's Python class."""
        package, _, name = self.message.replace("/", ".").rpartition(".")
        return getattr(importlib.import_module(package), name)


def codec_for(wire: Wire) -> Codec:
    """Return the codec of a wire; KeyError for a kind that does not exist."""
    if wire.kind == "array":
        return Codec(f"std_msgs/msg/{array_message(wire.dtype)}",
                     partial(encode_array, carrier=wire.dtype),
                     partial(decode_array, carrier=wire.dtype))
    return _CODECS[wire.kind]


def _primitive(code: str) -> tuple[Callable[[Any], bytes], Callable[[bytes], Any]]:
    packed = struct.Struct("<" + code)

    def encode(value: Any) -> bytes:
        return HEADER + packed.pack(value)

    def decode(message: bytes) -> Any:
        return packed.unpack_from(message, CdrReader(message).take(packed.size))[0]

    return encode, decode


def _encode_string(text: str) -> bytes:
    writer = CdrWriter()
    writer.string(ros_text(text))
    return writer.finish()


def _encode_bytes(data: bytes) -> bytes:
    return encode_array(Array(np.frombuffer(data, np.uint8), ("byte",)), "uint8")


def _decode_bytes(message: bytes) -> bytes:
    return decode_array(message, "uint8").data.tobytes()


def _encode_empty(_: None) -> bytes:
    return HEADER + b"\0"  # an IDL struct has at least one member, so Empty has a filler


def _decode_empty(_: bytes) -> None:
    return None


_CODECS = {
    "bytes": Codec("std_msgs/msg/UInt8MultiArray", _encode_bytes, _decode_bytes),
    "empty": Codec("std_msgs/msg/Empty", _encode_empty, _decode_empty),
    "float64": Codec("std_msgs/msg/Float64", *_primitive("d")),
    "int64": Codec("std_msgs/msg/Int64", *_primitive("q")),
    "bool": Codec("std_msgs/msg/Bool", *_primitive("?")),
    "string": Codec("std_msgs/msg/String", _encode_string,
                    lambda message: CdrReader(message).string()),
    "image": Codec("sensor_msgs/msg/Image",
                   lambda array: encode_image(array, time.time_ns()), decode_image),
    "joint_states": Codec("sensor_msgs/msg/JointState", encode_joint_states,
                          decode_joint_states),
}
