"""Chunks of MCAP files as messages again: each is unpacked once, the newest ones are kept."""

from __future__ import annotations

import os
import zlib
from collections import OrderedDict, defaultdict
from typing import NamedTuple

from mcap.opcode import Opcode

from dnne_ros.recording.chunk import MESSAGE_HEAD, RECORD_HEAD
from dnne_ros.recording.scan import ChunkPlace

_KEPT_BYTES = 64 * 2**20
_MOST_BYTES = 2**32


class Message(NamedTuple):
    """A message of a channel; ``number`` is that of its item."""

    number: int
    time_ns: int
    data: bytes


Messages = dict[int, list[Message]]
"""By channel."""


class ChunkCache:
    """Gives the messages in chunks of open files."""

    def __init__(self) -> None:
        """Keep none yet."""
        self._kept: OrderedDict[tuple[int, int], tuple[Messages, int]] = OrderedDict()
        self._bytes = 0

    def messages(self, file: int, chunk: ChunkPlace) -> Messages:
        """Return the messages of a chunk by channel; ValueError if it is damaged."""
        key = (file, chunk.offset)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key][0]
        found = _split(unpack(file, chunk))
        self._kept[key] = found, chunk.size
        self._bytes += chunk.size
        while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
            _, (_, size) = self._kept.popitem(last=False)
            self._bytes -= size
        return found


def unpack(file: int, chunk: ChunkPlace) -> bytes:
    """Return the records in a chunk; ValueError if they are not what was written."""
    if max(chunk.size, chunk.compressed) > _MOST_BYTES:
        raise ValueError(f"the chunk at byte {chunk.offset:,} says that it has {chunk.size:,} "
                         "bytes")
    data = os.pread(file, chunk.compressed, chunk.data)
    try:
        if chunk.compression == "zstd":
            import zstandard

            data = zstandard.ZstdDecompressor().decompress(data, max_output_size=chunk.size)
        elif chunk.compression:
            raise ValueError(f"it is compressed by {chunk.compression!r:.40}")
    except Exception as error:  # each library has errors of its own
        raise ValueError(f"the chunk at byte {chunk.offset:,} cannot be unpacked: {error}") \
            from None
    if len(data) != chunk.size or (chunk.checksum and zlib.crc32(data) != chunk.checksum):
        raise ValueError(f"the chunk at byte {chunk.offset:,} is damaged: it is not what was "
                         "written")
    return data


def _split(data: bytes) -> Messages:
    found: defaultdict[int, list[Message]] = defaultdict(list)
    at = 0
    while at + RECORD_HEAD.size <= len(data):
        opcode, length = RECORD_HEAD.unpack_from(data, at)
        end = at + RECORD_HEAD.size + length
        if end > len(data):
            raise ValueError("a record is longer than its chunk")
        if opcode == Opcode.MESSAGE:
            _, _, channel, number, time_ns, _ = MESSAGE_HEAD.unpack_from(data, at)
            found[channel].append(Message(number, time_ns, data[at + MESSAGE_HEAD.size:end]))
        at = end
    return dict(found)
