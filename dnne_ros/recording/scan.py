"""What is in an MCAP file, found by going from record to record: also without a summary.

A file whose writer was killed has no summary, and may end in the middle of a record.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode
from mcap.records import Attachment, Channel, Metadata, Schema

from dnne_ros.recording.chunk import RECORD_HEAD

MAGIC = b"\x89MCAP0\r\n"
_CHUNK = struct.Struct("<QQQII")
_CHECKSUM = 4
_INDEX = struct.Struct("<HI")
_FOOTER_BYTES = RECORD_HEAD.size + 20 + len(MAGIC)
_MOST_CHUNK = 2**40
_MOST_SMALL = 2**31
_Record = TypeVar("_Record")


class IndexPlace(NamedTuple):
    """Where the index of a channel in a chunk is, and how many messages it has of it."""

    offset: int
    messages: int


@dataclass
class ChunkPlace:
    """A chunk: where its record is, where the compressed bytes are, and what they become."""

    offset: int
    length: int
    first_ns: int
    last_ns: int
    size: int
    checksum: int
    compression: str
    data: int
    """Where the compressed bytes begin; there are ``compressed`` of them."""
    compressed: int
    indexes: dict[int, IndexPlace] = field(default_factory=dict)
    """By channel; none where they are lost."""
    index_length: int = 0


@dataclass
class Scan:
    """The records of a file up to ``end``, the last whole one; ``damage`` says what comes then.

    Attachments and metadata come with their places: offset and length of the record.
    """

    path: str
    chunks: list[ChunkPlace] = field(default_factory=list)
    schemas: dict[int, Schema] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    attachments: list[tuple[int, int, Attachment]] = field(default_factory=list)
    spoilt: list[Attachment] = field(default_factory=list)
    """Those of ``attachments`` whose checksum is not theirs."""
    metadata: list[tuple[int, int, Metadata]] = field(default_factory=list)
    end: int = 0
    finished: bool = False
    """There is an end of the data, so whoever wrote it has come to it."""
    damage: str = ""
    remark: str = ""
    """What is wrong behind the end of the data, which takes nothing of them."""


def scan(path: str, file: int, until: int | None = None) -> Scan:
    """Go through an open file, or its first ``until`` bytes; ValueError if it is no MCAP file."""
    size = os.fstat(file).st_size if until is None else until
    if os.pread(file, len(MAGIC), 0) != MAGIC:
        raise ValueError("it is no MCAP file")
    found = Scan(path, end=len(MAGIC))
    while not found.finished and found.end < size:
        head = os.pread(file, RECORD_HEAD.size, found.end)
        if len(head) < RECORD_HEAD.size:
            break
        opcode, length = RECORD_HEAD.unpack(head)
        if not opcode or length > (_MOST_CHUNK if opcode == Opcode.CHUNK else _MOST_SMALL):
            found.damage = f"byte {found.end:,} begins no record"
            return found
        end = found.end + RECORD_HEAD.size + length
        if end > size:
            break
        try:
            _note(found, file, opcode, found.end, length)
        except (ValueError, IndexError, struct.error, EOFError, RuntimeError) as error:
            found.damage = f"the record at byte {found.end:,} is none: {error}"
            return found
        found.end = end
    if not found.finished:
        found.damage = "it has no end: whoever wrote it was killed, or has not come to it yet" \
            if found.end == size else \
            f"it is cut off in the record at byte {found.end:,}, of {size:,}"
    elif until is None and not _has_footer(file, size):
        found.remark = ("it is cut off or damaged in its index, which begins at byte "
                        f"{found.end:,} of {size:,}: all items are there")
    return found


def _has_footer(file: int, size: int) -> bool:
    """Tell whether a file ends with the record that every MCAP file ends with."""
    end = os.pread(file, _FOOTER_BYTES, max(0, size - _FOOTER_BYTES))
    return end.endswith(MAGIC) and end[0] == Opcode.FOOTER


def _note(found: Scan, file: int, opcode: int, offset: int, length: int) -> None:
    data = offset + RECORD_HEAD.size

    def parsed(read: Callable[[Any], _Record]) -> _Record:
        return read(ReadDataStream(io.BytesIO(os.pread(file, length, data))))

    if opcode == Opcode.CHUNK:
        found.chunks.append(_chunk(file, offset, length))
    elif opcode == Opcode.MESSAGE_INDEX:
        _add_index(found, file, offset, length)
    elif opcode == Opcode.SCHEMA:
        schema = parsed(Schema.read)
        found.schemas[schema.id] = schema
    elif opcode == Opcode.CHANNEL:
        channel = parsed(Channel.read)
        found.channels[channel.id] = channel
    elif opcode == Opcode.ATTACHMENT:
        attachment = parsed(Attachment.read)
        found.attachments.append((offset, length + RECORD_HEAD.size, attachment))
        if not _is_whole(os.pread(file, length, data)):
            found.spoilt.append(attachment)
    elif opcode == Opcode.METADATA:
        found.metadata.append((offset, length + RECORD_HEAD.size, parsed(Metadata.read)))
    elif opcode == Opcode.DATA_END:
        found.finished = True


def _is_whole(attachment: bytes) -> bool:
    """Tell whether an attachment is as its checksum says, if it has one; the library skips it."""
    checksum = int.from_bytes(attachment[-_CHECKSUM:], "little")
    return not checksum or zlib.crc32(memoryview(attachment)[:-_CHECKSUM]) == checksum


def _chunk(file: int, offset: int, length: int) -> ChunkPlace:
    at = offset + RECORD_HEAD.size
    first, last, size, checksum, name = _CHUNK.unpack(os.pread(file, _CHUNK.size, at))
    at += _CHUNK.size
    if name > length:
        raise ValueError("the name of its compression is longer than it")
    compression = os.pread(file, name, at).decode()
    compressed = int.from_bytes(os.pread(file, 8, at + name), "little")
    if _CHUNK.size + name + 8 + compressed > length:
        raise ValueError("its data are longer than it")
    return ChunkPlace(offset, length + RECORD_HEAD.size, first, last, size, checksum, compression,
                      at + name + 8, compressed)


def _add_index(found: Scan, file: int, offset: int, length: int) -> None:
    if not found.chunks:
        raise ValueError("an index without a chunk")
    channel, entries = _INDEX.unpack(os.pread(file, _INDEX.size, offset + RECORD_HEAD.size))
    chunk = found.chunks[-1]
    chunk.indexes[channel] = IndexPlace(offset, entries // 16)
    chunk.index_length += length + RECORD_HEAD.size
