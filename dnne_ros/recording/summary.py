"""The end of an MCAP file: made of what is in it, whoever has written that.

So a file to which several processes have written is finished by the last of them, and one whose
processes were all killed by whoever comes next.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Sequence

from mcap.opcode import Opcode
from mcap.records import (
    AttachmentIndex,
    ChunkIndex,
    DataEnd,
    Footer,
    McapRecord,
    MetadataIndex,
    Statistics,
    SummaryOffset,
)

from dnne_ros.recording.encoding import encoded
from dnne_ros.recording.scan import MAGIC, Scan

_FOOTER_BYTES = 20


def summary_of(found: Scan) -> bytes:
    """Return what follows the records of a file that ends with the last of ``found``."""
    ending = encoded(DataEnd(0))
    start = at = found.end + len(ending)
    groups, offsets = [], []
    for opcode, records in _groups(found):
        group = encoded(*records)
        if records:
            offsets.append(SummaryOffset(opcode, at, len(group)))
        groups.append(group)
        at += len(group)
    summary = b"".join(groups) + encoded(*offsets)
    footer = struct.pack("<BQQQ", Opcode.FOOTER, _FOOTER_BYTES, start, at)
    checksum = zlib.crc32(footer, zlib.crc32(summary))
    return ending + summary + encoded(Footer(start, at, checksum)) + MAGIC


def finish(file: int, found: Scan) -> None:
    """Give an open file its end, behind its last whole record; OSError if there is no room."""
    os.ftruncate(file, found.end)
    rest = memoryview(summary_of(found))
    at = found.end
    while rest:
        written = os.pwrite(file, rest, at)
        rest, at = rest[written:], at + written
    os.fsync(file)


def _groups(found: Scan) -> list[tuple[Opcode, Sequence[McapRecord]]]:
    return [
        (Opcode.SCHEMA, list(found.schemas.values())),
        (Opcode.CHANNEL, list(found.channels.values())),
        (Opcode.STATISTICS, [_statistics(found)]),
        (Opcode.CHUNK_INDEX, [
            ChunkIndex(each.length, each.offset, each.compression, each.compressed, each.last_ns,
                       each.index_length, {id: place.offset for id, place in each.indexes.items()},
                       each.first_ns, each.size) for each in found.chunks]),
        (Opcode.ATTACHMENT_INDEX, [
            AttachmentIndex(offset, length, each.log_time, each.create_time, len(each.data),
                            each.name, each.media_type)
            for offset, length, each in found.attachments]),
        (Opcode.METADATA_INDEX, [MetadataIndex(offset, length, each.name)
                                 for offset, length, each in found.metadata])]


def _statistics(found: Scan) -> Statistics:
    counts: dict[int, int] = {}
    for chunk in found.chunks:
        for channel, place in chunk.indexes.items():
            counts[channel] = counts.get(channel, 0) + place.messages
    return Statistics(
        attachment_count=len(found.attachments), channel_count=len(found.channels),
        channel_message_counts=counts, chunk_count=len(found.chunks),
        message_count=sum(counts.values()),
        message_end_time=max((each.last_ns for each in found.chunks), default=0),
        message_start_time=min((each.first_ns for each in found.chunks), default=0),
        metadata_count=len(found.metadata), schema_count=len(found.schemas))
