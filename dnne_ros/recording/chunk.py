"""Chunks of an MCAP file: messages one by one until there are enough, then compressed at once.

The `mcap` library writes a message in some 10 µs, which would be most of what recording a small
item costs; so messages and chunks are packed here, as https://mcap.dev/spec says.  Everything that
is written once a file is left to the library.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections import defaultdict
from typing import Any

from mcap.opcode import Opcode

MESSAGE_HEAD = struct.Struct("<BQHIQQ")
"""Opcode, length, channel, number, and when it was logged and published."""
RECORD_HEAD = struct.Struct("<BQ")
_BEHIND_HEAD = MESSAGE_HEAD.size - RECORD_HEAD.size
_CHUNK = struct.Struct("<QQQI")
_INDEX = struct.Struct("<HI")
_COMPRESSION = b"\x04\0\0\0zstd"
_FAST = -1
"""The compression level: level 1 takes twice as long over numbers, and saves 6 % of them."""
NUMBERS = 2**32
"""The number of a message has 32 bits in MCAP: that of an item goes on from 0 behind the last."""


class Chunk:
    """Messages that go to the file together."""

    def __init__(self) -> None:
        """Begin empty."""
        self.size = 0
        """Bytes so far, uncompressed."""
        self._pieces: list[bytes] = []
        self._index: defaultdict[int, array[int]] = defaultdict(_times_and_places)
        self._first = self._last = 0

    def add(self, channel: int, number: int, time_ns: int, data: bytes) -> None:
        """Add a message."""
        length = len(data)
        if not self.size:
            self._first = time_ns
        if time_ns > self._last:
            self._last = time_ns
        self._index[channel].extend((time_ns, self.size))
        self._pieces.append(MESSAGE_HEAD.pack(Opcode.MESSAGE, _BEHIND_HEAD + length, channel,
                                              number % NUMBERS, time_ns, time_ns))
        self._pieces.append(data)
        self.size += MESSAGE_HEAD.size + length

    def records(self) -> list[bytes]:
        """Return the records that a file gets: the chunk, then an index for each channel."""
        import zstandard

        checksum = 0
        # A few small pieces are put together sooner than they are given one by one.
        joined = [b"".join(self._pieces)] if len(self._pieces) > 2 else self._pieces
        compressor: Any = zstandard.ZstdCompressor(level=_FAST).compressobj(size=self.size)
        compressed = []
        for piece in joined:
            checksum = zlib.crc32(piece, checksum)
            compressed.append(compressor.compress(piece))
        compressed.append(compressor.flush())
        length = sum(map(len, compressed))
        head = _CHUNK.pack(self._first, self._last, self.size, checksum) + _COMPRESSION \
            + length.to_bytes(8, "little")
        return [RECORD_HEAD.pack(Opcode.CHUNK, len(head) + length), head, *compressed,
                *map(self._index_of, self._index)]

    def _index_of(self, channel: int) -> bytes:
        entries = self._index[channel].tobytes()
        return RECORD_HEAD.pack(Opcode.MESSAGE_INDEX, _INDEX.size + len(entries)) \
            + _INDEX.pack(channel, len(entries)) + entries


def _times_and_places() -> array[int]:
    return array("Q")
