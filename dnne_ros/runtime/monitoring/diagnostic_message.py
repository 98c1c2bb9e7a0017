"""``diagnostic_msgs/DiagnosticArray`` as CDR.

Written directly, as `dnne_ros.transport.cdr` explains: a graph of 1,000 edges has 17,000 key-value
pairs a second, each of which would be a Python message object first.  All fields but a status'
level are aligned to four bytes, so that strings are blocks that only need joining.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from dnne_ros.node_api.health import Level
from dnne_ros.transport.cdr import HEADER, ros_text

_U32 = struct.Struct("<I")
_STAMP = struct.Struct("<iI")


@dataclass
class Status:
    """One ``DiagnosticStatus``; values of any type are written as text."""

    name: str
    level: Level = Level.OK
    message: str = ""
    hardware_id: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


def encode_array(stamp_ns: int, statuses: Iterable[Status]) -> bytes:
    """Return the serialised message; ``stamp_ns`` is the time in nanoseconds since the epoch."""
    found = list(statuses)
    data = bytearray(HEADER + _STAMP.pack(*divmod(stamp_ns, 1_000_000_000)) + _string("")
                     + _U32.pack(len(found)))
    for status in found:
        data.append(status.level)  # right behind the last string, into its padding
        data += bytes(-len(data) % 4)
        data += b"".join(_blocks(status))
    return bytes(data)


def _blocks(status: Status) -> list[bytes]:
    blocks = [_string(status.name), _string(status.message), _string(status.hardware_id),
              _U32.pack(len(status.values))]
    text = ""
    for key, value in status.values.items():
        text = _text(value)
        blocks += (_string(key), _string(text))
    if status.values:
        blocks[-1] = _unpadded(text)
    return blocks


def _unpadded(text: str) -> bytes:
    """Return a string's length with its final null, its bytes, and the null."""
    data = ros_text(text).encode("utf-8")
    return _U32.pack(len(data) + 1) + data + b"\0"


@lru_cache(maxsize=16384)
def _string(text: str) -> bytes:
    """Return a string with the padding that the next length needs."""
    data = _unpadded(text)
    return data + bytes(-len(data) % 4)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
