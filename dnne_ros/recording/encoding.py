"""Records that are written once a file, as bytes."""

from __future__ import annotations

from mcap.data_stream import RecordBuilder
from mcap.records import McapRecord


def encoded(*records: McapRecord) -> bytes:
    """Return records one behind the other."""
    builder = RecordBuilder()
    for record in records:
        record.write(builder)
    data: bytes = builder.end()  # type: ignore[no-untyped-call]  # of the library
    return data
