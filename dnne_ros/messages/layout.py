"""Numbers straight from the bytes of messages that are laid out as one before them was.

Most of what a robot says differs from what it said before in numbers alone: names, frames and
lengths are the same, so each number is where it was.  Then no message object need be made, which
takes longer than a small policy.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from operator import itemgetter
from typing import Any

import numpy as np

from dnne_ros.messages.field_types import FieldType, fields_of
from dnne_ros.messages.reading import NumberReader
from dnne_ros.messages.stamps import has_header, has_stamp

_LITTLE_ENDIAN = b"\x00\x01"
"""Of the four bytes before plain CDR, the two that say so (DDSI-RTPS 2.2 §10)."""
_HEADER_BYTES = 4
_LENGTH = struct.Struct("<I")
_FORMATS = {"boolean": "?", "octet": "B", "char": "B", "int8": "b", "uint8": "B", "int16": "h",
            "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q", "float": "f",
            "double": "d"}
_MOST_NUMBERS = 64
_MOST_PARTS = 500
_TRIES = 10
_SECOND = 1_000_000_000


class QuickReader:
    """Reads what a `NumberReader` reads, off the bytes of messages of one class.

    It goes by the layout of a message that it was shown (`learn`), as long as others have that.
    """

    def __init__(self, message: type, reader: NumberReader, dtype: str | None = None):
        """Read as ``reader`` does of messages of class ``message``.

        ``dtype``: the element type that floating-point numbers are wanted in, rather than theirs.
        """
        self._message = message
        self.reader = reader
        """The reader that it stands in for."""
        self.numbers: np.ndarray
        """Of the message read last, as its `reader` gives them but in the ``dtype`` that is
        wanted; the caller's own."""
        self.stamp = 0
        """Of the same, in ns; 0 for a message without one."""
        way = "header.stamp" if has_header(message) else "stamp"
        self._stamp = [f"{way}.sec", f"{way}.nanosec"] if has_stamp(message) else []
        self._size = -1
        """Of messages that it reads, in bytes; -1: of none."""
        self._same: tuple[bytes, ...] = ()
        """What is the same in all of them."""
        self._same_in: Callable[[bytes], tuple[bytes, ...]]
        self._unpack: Callable[[bytes], tuple[Any, ...]]
        self._pick: Callable[[tuple[Any, ...]], Any]
        self._dtype = reader.dtype if dtype is None or reader.dtype.kind != "f" \
            else np.dtype(dtype)
        self._left = _TRIES
        self._example = b""

    def rehearse(self) -> None:
        """Read the message that it has learned from again; `numbers` are that one's then."""
        self.read(self._example)

    def read(self, data: Any) -> bool:
        """Read `numbers` and `stamp` of a serialised message; false: it has another layout."""
        if data.__class__ is not bytes or len(data) != self._size \
                or self._same_in(data) != self._same:
            return False
        self._left = _TRIES
        self._read(data)
        return True

    def _read(self, data: bytes) -> None:
        found = self._unpack(data)
        self.numbers = np.array(self._pick(found), self._dtype)
        if self._stamp:
            self.stamp = found[self._sec] * _SECOND + found[self._nanosec]

    def learn(self, data: Any, message: Any) -> None:
        """Go by the layout of ``data``, the bytes of a ``message`` that its reader has read.

        Not where it is another each time, and not where what is read so differs from what the
        reader reads.
        """
        places = self.reader.places
        if self._left == 0 or not places or data.__class__ is not bytes:
            return
        self._left -= 1
        self._size = -1
        try:
            same, leaves = _walk(data, self._message)
            offsets = [offset for way, row in places for offset in _offsets(leaves, way, row)]
            self._aim(offsets, [_offsets(leaves, way, 0)[0] for way in self._stamp])
        except (_UnknownLayout, struct.error):
            return
        self._read(data)
        if np.array_equal(self.numbers, self.reader.read(message).astype(self._dtype),
                          equal_nan=True):
            self._same, self._same_in = same.unpack(data), same.unpack
            self._size, self._example = len(data), data
        else:
            self._left = 0

    def _aim(self, offsets: list[tuple[int, str]], stamp: list[tuple[int, str]]) -> None:
        """Read the numbers that begin at ``offsets``, each of a format of `struct`."""
        if not 0 < len(offsets) <= _MOST_NUMBERS:
            raise _UnknownLayout
        once = sorted({*offsets, *stamp})
        index = {offset: at for at, (offset, _) in enumerate(once)}
        order = [index[offset] for offset, _ in offsets]
        first = order[0]
        self._pick = itemgetter(*order) if len(order) > 1 else itemgetter(slice(first, first + 1))
        if stamp:
            self._sec, self._nanosec = (index[offset] for offset, _ in stamp)
        text, at = "<", 0
        for offset, format in once:
            text += f"{offset - at}x{format}"
            at = offset + struct.calcsize(f"<{format}")
        self._unpack = struct.Struct(text).unpack_from


class _UnknownLayout(Exception):
    """Where numbers are in these bytes is not known here."""


_Leaves = dict[str, tuple[int, int, str]]
"""Offset, how many, and format of the numbers of each field: ``position``."""


def _offsets(leaves: _Leaves, way: str, row: int | None) -> list[tuple[int, str]]:
    """Return offset and format of the number ``row`` of a field, or of all."""
    offset, count, format = leaves[way]
    size = struct.calcsize(f"<{format}")
    return [(offset + size * at, format) for at in (range(count) if row is None else [row])]


def _walk(data: bytes, message: type) -> tuple[struct.Struct, _Leaves]:
    """Return what reads that which all messages of a layout have in common, and its numbers."""
    if data[:2] != _LITTLE_ENDIAN:
        raise _UnknownLayout
    walk = _Walk(data)
    walk.message(message, "")
    return walk.same(), walk.leaves


class _Walk:
    """Goes through the bytes of a message (CDR: OMG formal/02-06-51 §15.3)."""

    def __init__(self, data: bytes):
        self.leaves: _Leaves = {}
        self._data = data
        self._at = _HEADER_BYTES
        self._same: list[tuple[int, int]] = [(0, len(_LITTLE_ENDIAN))]
        """From where to where bytes have to be the same: lengths and text."""

    def same(self) -> struct.Struct:
        """Return what reads the bytes that have to be the same, of as many as there are here.

        Padding may be anything: nobody writes it.  An expression of `re` says the same, and takes
        several times as long in a process that has slept.
        """
        if self._at > len(self._data):
            raise _UnknownLayout
        text, at = "<", 0
        for start, end in self._same:
            text += f"{start - at}x{end - start}s"
            at = end
        return struct.Struct(f"{text}{len(self._data) - at}x")

    def message(self, message: type, before: str | None) -> None:
        """Go through a message; ``before``: the way to it, None where there are several."""
        fields = fields_of(message)
        if not fields:
            self._skip(1, 1)  # a message without fields is a byte
        for name, type in fields.items():
            self._field(type, None if before is None else f"{before}{name}")

    def _field(self, type: FieldType, way: str | None) -> None:
        count = 1
        if type.repeated:
            count = type.size if type.size is not None else self._length()
        if type.base in _FORMATS:
            format = _FORMATS[type.base]
            size = struct.calcsize(f"<{format}")
            if count:
                self._skip(size, size * count)
            if way is not None:
                self.leaves[way] = (self._at - size * count, count, format)
            return
        for _ in range(count):
            if type.message is not None:
                self.message(type.message, None if way is None or type.repeated else f"{way}.")
            elif type.base.startswith("string"):
                length = self._length()
                self._keep(length)
            else:
                raise _UnknownLayout

    def _length(self) -> int:
        self._skip(_LENGTH.size, 0)
        length: int = _LENGTH.unpack_from(self._data, self._at)[0]
        self._keep(_LENGTH.size)
        return length

    def _skip(self, alignment: int, size: int) -> None:
        self._at += -(self._at - _HEADER_BYTES) % alignment + size

    def _keep(self, size: int) -> None:
        start, end = self._same[-1]
        if end == self._at:
            self._same[-1] = (start, end + size)
        else:
            self._same.append((self._at, self._at + size))
        self._at += size
        if len(self._same) > _MOST_PARTS or self._at > len(self._data):
            raise _UnknownLayout
