"""The context of a trace as it goes along with an item."""

from __future__ import annotations

import struct
from typing import NamedTuple

_FORM = struct.Struct(">16sQBB")


class Tail(NamedTuple):
    """Which trace an item belongs to, and the span that sent it.

    ``hops``: through how many nodes it may still be followed.  In a loop, where what comes back
    is made of what was sent, a trace would have no end.
    """

    trace_id: int
    span_id: int
    flags: int
    hops: int

    def pack(self) -> bytes:
        """Return it as bytes."""
        return _FORM.pack(self.trace_id.to_bytes(16, "big"), self.span_id, self.flags, self.hops)


def read_tail(data: bytes) -> Tail | None:
    """Return what `Tail.pack` has written; None for anything else."""
    if len(data) != _FORM.size:
        return None
    trace_id, span_id, flags, hops = _FORM.unpack(data)
    found = Tail(int.from_bytes(trace_id, "big"), span_id, flags, hops)
    return found if found.trace_id and span_id else None
