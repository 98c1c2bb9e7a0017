"""Pictures as serialised ``sensor_msgs/Image``, with the encodings that image tools know."""

from __future__ import annotations

import time

import numpy as np

from dnne_ros.messages.image_encodings import encoding_of, pixels_of
from dnne_ros.transport.cdr import CdrError, CdrReader, CdrWriter
from dnne_ros.transport.codec import Codec
from dnne_ros.transport.payload import Array


class ImageCodec(Codec):
    """Pictures (`Array`), stamped with the time at which they are sent."""

    message = "sensor_msgs/msg/Image"
    sent_at = slice(4, 12)

    def parts(self, payload: Array) -> tuple[bytes, bytes | memoryview]:
        """Return the message; see `image_parts`."""
        return image_parts(payload, time.time_ns())

    def decode(self, message: bytes | memoryview) -> Array:
        """Return the picture in a message; see `decode_image`."""
        return decode_image(message)


def encode_image(array: Array, stamp_ns: int) -> bytes:
    """Return the serialised Image, stamped with nanoseconds since the epoch."""
    return b"".join(image_parts(array, stamp_ns))


def image_parts(array: Array, stamp_ns: int) -> tuple[bytes, bytes | memoryview]:
    """Return the serialised Image in two parts, of which the second is the array's memory.

    Raises TypeError for what is no picture.
    """
    data = array.data
    if array.element_type != data.dtype.name:
        raise TypeError(f"a picture of {array.element_type} elements has no ROS encoding")
    try:
        encoding = encoding_of(data)
    except ValueError as error:
        raise TypeError(str(error)) from None
    writer = CdrWriter()
    writer.uint32(stamp_ns // 1_000_000_000 & 0xFFFFFFFF)
    writer.uint32(stamp_ns % 1_000_000_000)
    writer.string("")
    writer.uint32(data.shape[0])
    writer.uint32(data.shape[1])
    writer.string(encoding)
    writer.raw(b"\0")
    writer.uint32(int(np.prod(data.shape[1:])) * data.itemsize)
    writer.uint32(data.nbytes)
    return writer.finish(), np.ascontiguousarray(data).data.cast("B") if data.size else b""


def decode_image(message: bytes | memoryview) -> Array:
    """Return the picture, channels in the order R, G, B(, A); rows may be padded.

    Raises `CdrError` for bytes that are no Image, sizes that lie, and encodings without array
    form.
    """
    reader = CdrReader(message)
    reader.uint32()
    reader.uint32()
    reader.string()
    height, width = reader.uint32(), reader.uint32()
    encoding = reader.string()
    big_endian = bool(message[reader.take(1)])
    step, count = reader.uint32(), reader.uint32()
    start = reader.take(count)
    try:
        pixels = pixels_of(memoryview(message)[start:start + count], height, width, encoding,
                           step, big_endian)
    except ValueError as error:
        raise CdrError(str(error)) from None
    return Array(pixels, ("height", "width", "channel")[:pixels.ndim])
