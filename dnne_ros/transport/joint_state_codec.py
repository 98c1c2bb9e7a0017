"""Joint states as ``sensor_msgs/JointState``, the message that every robot publishes."""

from __future__ import annotations

import struct

import numpy as np

from dnne_ros.transport.cdr import CdrError, CdrReader, CdrWriter, ros_text
from dnne_ros.transport.codec import Codec
from dnne_ros.transport.payload import JointStates

_SECOND = 1_000_000_000
_STAMP = struct.Struct("<iI")
_FLOAT64 = np.dtype("<f8")
_QUANTITIES = ("position", "velocity", "effort")


class JointStateCodec(Codec):
    """What a robot says of its joints: `JointStates`."""

    message = "sensor_msgs/msg/JointState"

    def parts(self, payload: JointStates) -> tuple[bytes]:
        """Return the message; see `encode_joint_states`."""
        return (encode_joint_states(payload),)

    def decode(self, message: bytes | memoryview) -> JointStates:
        """Return the joint states in a message; see `decode_joint_states`."""
        return decode_joint_states(message)


def encode_joint_states(states: JointStates) -> bytes:
    """Return the serialised JointState.

    Raises TypeError when an array is neither empty nor as long as the list of names.
    """
    writer = CdrWriter()
    writer.raw(_STAMP.pack(*divmod(states.stamp_ns, _SECOND)))
    writer.string("")
    writer.uint32(len(states.names))
    for name in states.names:
        writer.string(ros_text(name))
    for quantity in _QUANTITIES:
        values = np.ascontiguousarray(getattr(states, quantity), _FLOAT64)
        if values.shape not in ((0,), (len(states.names),)):
            raise TypeError(f"expected {len(states.names)} values of {quantity}, one for each "
                            f"joint, or none; found shape {values.shape}")
        writer.uint32(values.size)
        if values.size:
            writer.align(_FLOAT64.itemsize)
            writer.raw(values.data.cast("B"))
    return writer.finish()


def decode_joint_states(message: bytes | memoryview) -> JointStates:
    """Return the joint states in a serialised JointState; views of the bytes, not writable.

    Raises `CdrError` when the bytes are no such message, or its arrays do not fit its names.
    """
    reader = CdrReader(message)
    seconds, nanoseconds = _STAMP.unpack_from(message, reader.take(_STAMP.size))
    reader.string()  # the frame: joints have none
    names = tuple(reader.string() for _ in range(reader.uint32()))
    arrays = {quantity: _doubles(reader, message) for quantity in _QUANTITIES}
    for quantity, values in arrays.items():
        if values.size not in (0, len(names)):
            raise CdrError(f"{len(names)} joints, and {values.size} values of {quantity}")
    return JointStates(names, **arrays, stamp_ns=seconds * _SECOND + nanoseconds)


def _doubles(reader: CdrReader, message: bytes | memoryview) -> np.ndarray:
    count = reader.uint32()
    if not count:
        return np.empty(0, _FLOAT64)
    reader.align(_FLOAT64.itemsize)
    return np.frombuffer(message, _FLOAT64, count, reader.take(count * _FLOAT64.itemsize))
