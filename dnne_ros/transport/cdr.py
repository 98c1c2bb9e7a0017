"""CDR, the serialised form of ROS messages, for the few message types that edges use.

rclpy publishes and delivers serialised bytes as they are (``publish(bytes)``, ``raw=True``), so
writing them here saves the conversion to and from Python message objects, which for arrays costs
more than everything else on the way.  The form is plain CDR, little endian (OMG formal/02-06-51
§15.3; DDSI-RTPS 2.2 §10 for the four header bytes): each primitive is aligned to its own size,
counted from after the header.
"""

from __future__ import annotations

import re
import struct

HEADER = b"\x00\x01\x00\x00"

_U32 = struct.Struct("<I")


class CdrError(ValueError):
    """The bytes are not the message that was expected."""


def ros_text(text: str) -> str:
    """Return ``text`` with � for what ROS strings cannot hold.

    That is a null character (readers in C++ would end there) and half a surrogate pair.
    """
    return re.sub("[\0\ud800-\udfff]", "�", text)


class CdrWriter:
    """Builds a serialised message."""

    def __init__(self) -> None:
        """Start with the header."""
        self._buffer = bytearray(HEADER)

    def align(self, size: int) -> None:
        """Pad until the next value of ``size`` bytes is aligned."""
        self._buffer.extend(bytes(-(len(self._buffer) - len(HEADER)) % size))

    def uint32(self, value: int) -> None:
        """Append an unsigned 32-bit integer."""
        self.align(4)
        self._buffer += _U32.pack(value)

    def string(self, text: str) -> None:
        """Append a string: its length with the final null, its UTF-8 bytes, a null."""
        data = text.encode("utf-8")
        self.uint32(len(data) + 1)
        self._buffer += data
        self._buffer.append(0)

    def raw(self, data: bytes | memoryview) -> None:
        """Append bytes as they are."""
        self._buffer += data

    def finish(self) -> bytes:
        """Return the message."""
        return bytes(self._buffer)


class CdrReader:
    """Takes a serialised message apart."""

    def __init__(self, data: bytes | memoryview):
        """Read ``data``; CdrError if it is not little-endian CDR."""
        if data[:2] != HEADER[:2]:
            raise CdrError(f"expected little-endian CDR, found a header of {bytes(data[:4])!r}")
        self._data = data
        self._at = len(HEADER)

    def align(self, size: int) -> None:
        """Skip padding before a value of ``size`` bytes."""
        self._at += -(self._at - len(HEADER)) % size

    def take(self, count: int) -> int:
        """Return where the next ``count`` bytes start, and move past them."""
        start = self._at
        if start + count > len(self._data):
            raise CdrError(f"message ends after {len(self._data)} bytes, inside a field")
        self._at += count
        return start

    def uint32(self) -> int:
        """Return the next unsigned 32-bit integer."""
        self.align(4)
        number: int = _U32.unpack_from(self._data, self.take(4))[0]
        return number

    def string(self) -> str:
        """Return the next string."""
        length = self.uint32()
        start = self.take(length)
        try:
            return str(self._data[start:start + max(length - 1, 0)], "utf-8")
        except UnicodeDecodeError:
            raise CdrError("a string is not UTF-8") from None
