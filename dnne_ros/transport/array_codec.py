"""Arrays as ``std_msgs/*MultiArray`` messages, exactly: dtype, shape and axis names survive.

Element types that have a MultiArray of their own travel in it as they are.  The others (bool,
float16, bfloat16, complex, …, and ports that take any dtype) travel as raw bytes in a
``UInt8MultiArray`` whose last dimension has size 1 and the label ``dtype=<name>``; a reader who
knows nothing of that still sees a well-formed array of bytes.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from dnne_ros.transport.cdr import HEADER, CdrError, CdrReader, CdrWriter
from dnne_ros.transport.codec import Codec
from dnne_ros.transport.payload import STORED_AS, Array

NATIVE_MESSAGES = {
    "float32": "Float32MultiArray", "float64": "Float64MultiArray",
    "int8": "Int8MultiArray", "int16": "Int16MultiArray",
    "int32": "Int32MultiArray", "int64": "Int64MultiArray",
    "uint8": "UInt8MultiArray", "uint16": "UInt16MultiArray",
    "uint32": "UInt32MultiArray", "uint64": "UInt64MultiArray",
}
"""Element types with a message of their own."""

_DTYPE_LABEL = "dtype="
_DTYPES = {
    **{name: np.dtype(name) for name in (
        *NATIVE_MESSAGES, "bool", "float16", "complex64", "complex128")},
    **{name: np.dtype(stored) for name, stored in STORED_AS.items()},
}
CARRIED = frozenset(_DTYPES)
"""The names of all element types that a message carries."""
_MAX_SIZE = 2**32 - 1
_SMALL = 1024
"""Bytes up to which a copy is cheaper than a view."""


class ArrayCodec(Codec):
    """Arrays (`Array`) of the element type ``dtype``; None: of any."""

    def __init__(self, dtype: str | None = None):
        """Choose the message for elements of ``dtype``."""
        super().__init__(dtype)
        self.message = f"std_msgs/msg/{NATIVE_MESSAGES.get(dtype or '', 'UInt8MultiArray')}"
        self._decoder = ArrayDecoder(dtype)
        self._last: tuple[Any, ...] = ()
        self._layout = b""

    def parts(self, payload: Array) -> tuple[bytes, bytes | memoryview]:
        """Return the message; see `array_parts`."""
        data = payload.data
        like = (data.dtype, data.shape, payload.axes, payload.dtype)
        if like != self._last:  # a stream seldom changes
            self._layout, elements = array_parts(payload, self.dtype)
            self._last = like
            return self._layout, elements
        return self._layout, _elements(data)

    def decode(self, message: bytes | memoryview) -> Array:
        """Return the array in a message; see `decode_array`."""
        return self._decoder(message)


def encode_array(array: Array, carrier: str | None) -> bytes:
    """Return the serialised message of an array; see `array_parts`."""
    return b"".join(array_parts(array, carrier))


def array_parts(array: Array, carrier: str | None) -> tuple[bytes, bytes | memoryview]:
    """Return the serialised message of an array on a port of dtype ``carrier``, in two parts.

    The second is the array's own memory.

    Raises TypeError when the port has a native message and the array another element type, and
    for elements that are no numbers.
    """
    data = array.data
    dtype = array.element_type
    labelled = carrier not in NATIVE_MESSAGES
    if not labelled and dtype != carrier:
        raise TypeError(f"expected elements of {carrier}, found {dtype}")
    if dtype not in _DTYPES:
        raise TypeError(f"elements of {dtype} cannot leave their process")
    prefix = _layout(data.shape, array.axes, dtype if labelled else "",
                     1 if labelled else data.itemsize)
    return prefix, _elements(data)


def _elements(data: np.ndarray) -> bytes | memoryview:
    """Return the bytes of an array: its own memory, if it is large."""
    if data.nbytes <= _SMALL:
        return data.tobytes()
    return np.ascontiguousarray(data).data.cast("B")


@lru_cache(maxsize=1024)
def _layout(shape: tuple[int, ...], axes: tuple[str, ...], dtype: str, element_size: int
            ) -> bytes:
    """Return everything before the elements; streams repeat few shapes, so this is cached."""
    labels = (*axes[:len(shape)], *(f"axis{i}" for i in range(len(axes), len(shape))))
    dims = list(zip(labels, shape, strict=True))
    elements = math.prod(shape)
    if dtype:
        dims.append((_DTYPE_LABEL + dtype, 1))
        elements *= _DTYPES[dtype].itemsize
    if max((elements, *shape)) > _MAX_SIZE:
        raise TypeError(f"an array of shape {shape} is too large for one message")
    writer = CdrWriter()
    writer.uint32(len(dims))
    for axis, (label, size) in enumerate(dims):
        writer.string(label)
        writer.uint32(size)
        writer.uint32(min(math.prod(size for _, size in dims[axis:]), _MAX_SIZE))
    writer.uint32(0)
    writer.uint32(elements)
    if elements:
        writer.align(element_size)
    return writer.finish()


class ArrayDecoder:
    """`decode_array` for the messages of one stream, which seldom change their shape."""

    def __init__(self, carrier: str | None):
        """Decode messages of a port of dtype ``carrier``."""
        self._carrier = carrier
        self._length = -1
        self._layout = b""
        self._start = 0
        self._dtype = np.dtype(np.uint8)
        self._count = 0
        self._shape: tuple[int, ...] = ()
        self._axes: tuple[str, ...] = ()
        self._logical = ""

    def __call__(self, message: bytes | memoryview) -> Array:
        """Return the array in a message; see `decode_array`."""
        if len(message) == self._length and message[:self._start] == self._layout:
            data = np.frombuffer(message, self._dtype, self._count, self._start)
            return Array(data.reshape(self._shape), self._axes, self._logical)
        array = decode_array(message, self._carrier)
        if array.data.size:
            self._start = array.data.__array_interface__["data"][0] - np.frombuffer(
                message, np.uint8).__array_interface__["data"][0]
            self._length, self._layout = len(message), bytes(message[:self._start])
            self._dtype, self._count = array.data.dtype, array.data.size
            self._shape, self._axes, self._logical = array.data.shape, array.axes, array.dtype
        return array


def decode_array(message: bytes | memoryview, carrier: str | None) -> Array:
    """Return the array in a serialised message; a view of the bytes, so not writable.

    Messages of plain ROS publishers need no layout: without one, the array has one axis (a single
    element none, as that is how 0-d arrays travel).
    Raises `CdrError` when the bytes are no such message or the layout contradicts the data.
    """
    labelled = carrier not in NATIVE_MESSAGES
    dims, offset, count, start = _parse_layout(message)
    dtype = "uint8" if labelled else carrier
    if labelled and dims and dims[-1][0].startswith(_DTYPE_LABEL):
        dtype = dims.pop()[0].removeprefix(_DTYPE_LABEL)
    elif not dims and (count - offset) != 1:
        dims = [("axis0", max(count - offset, 0))]
    shape = tuple(size for _, size in dims)
    if dtype not in _DTYPES:
        raise CdrError(f"unknown element type {dtype!r:.40}")
    stored = _DTYPES[dtype]
    width = 1 if labelled else stored.itemsize
    start += -(start - len(HEADER)) % width if count else 0
    start += offset * width
    if (count - offset) * width < math.prod(shape) * stored.itemsize:
        raise CdrError(f"layout of shape {shape!s:.80} ({dtype}) needs more than {count} elements")
    if start + math.prod(shape) * stored.itemsize > len(message):
        raise CdrError(f"message ends after {len(message)} bytes, inside the elements")
    try:
        data = np.frombuffer(message, stored, math.prod(shape), start).reshape(shape)
    except ValueError as error:  # 65 axes, or sizes that overflow beside one of 0
        raise CdrError(f"no array of shape {shape!s:.80}: {error!s:.100}") from None
    return Array(data, tuple(label for label, _ in dims), dtype)


def _parse_layout(message: bytes | memoryview) -> tuple[list[tuple[str, int]], int, int, int]:
    reader = CdrReader(message)
    dims = []
    for _ in range(reader.uint32()):
        label = reader.string()
        dims.append((label, reader.uint32()))
        reader.uint32()  # the stride follows from the sizes
    offset = reader.uint32()
    count = reader.uint32()
    return dims, offset, count, reader.take(0)
