"""Pictures as ``sensor_msgs/Image``, with the encodings that image tools know."""

from __future__ import annotations

import re

import numpy as np

from dnne_ros.transport.cdr import CdrError, CdrReader, CdrWriter
from dnne_ros.transport.payload import Array

_NAMED = {("uint8", None): "mono8", ("uint16", None): "mono16",
          ("uint8", 3): "rgb8", ("uint8", 4): "rgba8"}
_BY_NAME = {encoding: key for key, encoding in _NAMED.items()}
_LETTERS = {"u": "U", "i": "S", "f": "F"}
_GENERIC = re.compile(r"(?:(8|16|32|64)([US])|(16|32|64)(F))C([1-9][0-9]{0,4})")


def encoding_of(array: np.ndarray) -> str:
    """Return the encoding of a (height, width) or (height, width, channels) array.

    ``mono8``, ``mono16``, ``rgb8`` and ``rgba8`` where they apply, else OpenCV's generic names
    (``32FC1``).  One channel is the same as no channel axis.  Raises TypeError for other shapes
    and element types.
    """
    channels = array.shape[2] if array.ndim == 3 else None
    if array.ndim not in (2, 3) or array.dtype.kind not in _LETTERS:
        raise TypeError("expected a picture of shape (height, width) or (height, width, "
                        f"channels), found {array.dtype} {array.shape}")
    channels = None if channels == 1 else channels
    named = _NAMED.get((array.dtype.name, channels))
    return named or f"{array.dtype.itemsize * 8}{_LETTERS[array.dtype.kind]}C{channels or 1}"


def _dtype_of(encoding: str) -> tuple[str, int | None]:
    if encoding in _BY_NAME:
        return _BY_NAME[encoding]
    match = _GENERIC.fullmatch(encoding)
    if match is None:
        raise CdrError(f"image encoding {encoding!r:.40} has no array form here")
    kind = {"U": "u", "S": "i", "F": "f"}[match[2] or match[4]]
    channels = int(match[5])
    return f"{kind}{int(match[1] or match[3]) // 8}", None if channels == 1 else channels


def encode_image(array: Array, stamp_ns: int) -> bytes:
    """Return the serialised Image, stamped with nanoseconds since the epoch."""
    return b"".join(image_parts(array, stamp_ns))


def image_parts(array: Array, stamp_ns: int) -> tuple[bytes, bytes | memoryview]:
    """Return the serialised Image in two parts, of which the second is the array's memory."""
    data = array.data
    if array.element_type != data.dtype.name:
        raise TypeError(f"a picture of {array.element_type} elements has no ROS encoding")
    encoding = encoding_of(data)
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
    """Return the picture; rows may be padded.  `CdrError` for encodings without array form."""
    reader = CdrReader(message)
    reader.uint32()
    reader.uint32()
    reader.string()
    height, width = reader.uint32(), reader.uint32()
    dtype_name, channels = _dtype_of(reader.string())
    big_endian = message[reader.take(1)]
    row_bytes, count = reader.uint32(), reader.uint32()
    start = reader.take(count)
    dtype = np.dtype(dtype_name).newbyteorder(">" if big_endian else "<")
    shape = (height, width) if channels is None else (height, width, channels)
    used = int(np.prod(shape[1:])) * dtype.itemsize
    if row_bytes < used or count < row_bytes * height:
        raise CdrError(f"an image of shape {shape} does not fit rows of {row_bytes} bytes")
    rows = np.frombuffer(message, np.uint8, row_bytes * height, start).reshape(height, row_bytes)
    data = np.ascontiguousarray(rows[:, :used]).view(dtype).reshape(shape)
    return Array(data.astype(dtype.newbyteorder("="), copy=False),
                 ("height", "width", "channel")[:data.ndim])
