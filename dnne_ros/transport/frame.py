"""What travels on an edge between processes, by channel or hidden topic: numbered frames.

A frame is a ``std_msgs/UInt8MultiArray`` without a layout, written as bytes.  It holds one item
as the serialised ROS message that subscribers of the public topic see, or in which store that
message lies and where, or a word from the producer.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

from dnne_ros.transport.cdr import HEADER, CdrError
from dnne_ros.transport.identity import MOST

_VERSION = 4
# The message's header, no axes, offset 0, the number of bytes; then ours, padded so that the
# elements of an array inside, which are aligned from after the inner header, are aligned here.
_HEAD = struct.Struct("<4s3I 3B5x 3Q q 4x")
HEAD_SIZE = _HEAD.size
LARGE_FROM = 128 * 1024
"""Bytes from which a message is large: it goes through a store, and its size counts.  Below, the
two copies more that a socket makes take less than what both ends do for a store."""
EVERYBODY = 2**64 - 1
"""The receiver of a frame that consumers with a channel, too, must take from DDS."""
_BEFORE = 16


class FrameKind(IntEnum):
    """What a frame holds."""

    INLINE = 0
    """An item's message."""
    STORED = 1
    """Where an item's message lies: the store's index among the producer's, and the place."""
    HELLO = 2
    """`Terms`: a producer that is new asks the addressed consumer how far it has come."""
    WELCOME = 3
    """`Terms`: how to reach the producer.  The frame's number is the first that the addressed
    consumer is to expect."""


class Frame(NamedTuple):
    """A frame's head.

    ``receiver`` is the consumer's incarnation, `EVERYBODY`, or 0 for all that have no channel.
    ``stream`` is the producer's incarnation.  ``number`` counts the items of an output from 1,
    across incarnations.  ``stamp_ns``: when it was sent, nanoseconds since the epoch.  ``end``:
    where its body ends.  ``tail``: how many bytes follow it that belong to the item, but not to
    its message.
    """

    kind: FrameKind
    receiver: int
    stream: int
    number: int
    stamp_ns: int
    end: int
    tail: int = 0


def pack_head(kind: FrameKind, receiver: int, stream: int, number: int, stamp_ns: int,
              body_size: int, tail_size: int = 0) -> bytes:
    """Return a frame's head; a body of ``body_size`` bytes must follow, then the tail."""
    return _HEAD.pack(HEADER, 0, 0, HEAD_SIZE - _BEFORE + body_size + tail_size, _VERSION, kind,
                      tail_size, receiver, stream, number, stamp_ns)


def parse_head(message: bytes | memoryview) -> Frame:
    """Return the head of a frame; `CdrError` if the message is none."""
    if len(message) < HEAD_SIZE:
        raise CdrError(f"expected a frame, found {len(message)} bytes")
    header, axes, offset, size, version, kind, tail, receiver, stream, number, stamp = \
        _HEAD.unpack_from(message)
    # DDS pads messages to whole words, and says so in the header's last two bytes.
    if header[:2] != HEADER[:2] or axes or offset or version != _VERSION \
            or not 0 <= len(message) - _BEFORE - size < 4 or kind > FrameKind.WELCOME \
            or max(stream, number) > MOST or tail > size - (HEAD_SIZE - _BEFORE):
        raise CdrError(f"expected a frame of version {_VERSION}, found something else")
    return Frame(kind, receiver, stream, number, stamp, _BEFORE + size - tail, tail)


def readdressed(message: bytes, receiver: int) -> bytes:
    """Return a frame for one consumer, as it was sent to all."""
    fields = list(_HEAD.unpack_from(message))
    fields[7] = receiver
    return _HEAD.pack(*fields) + message[HEAD_SIZE:]


def parse_place(frame: Frame, message: bytes | memoryview) -> tuple[int, bytes]:
    """Return (store, place) of a frame's message; `CdrError` if it has none."""
    if frame.end <= HEAD_SIZE:
        raise CdrError("a frame ends before the place of its message")
    return message[HEAD_SIZE], bytes(message[HEAD_SIZE + 1:frame.end])
