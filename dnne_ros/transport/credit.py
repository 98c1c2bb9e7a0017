"""Credits: how a consumer tells a producer how far it has come.

DDS itself gives no back pressure: an acknowledgement says that a sample arrived, not that it was
used.  So each consumer publishes how far it has received, taken and handled the items of its
input, on its channel or a hidden topic beside the data, as a `std_msgs/UInt64MultiArray` whose
axis label is the consumer's name.  Totals, unlike increments, survive a lost or repeated message.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from dnne_ros.transport.array_codec import decode_array, encode_array
from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.identity import MOST
from dnne_ros.transport.payload import Array

REPORTS_PER_WINDOW = 4
"""A consumer reports each time it has taken this fraction of the window: often enough to keep
the producer moving, seldom enough to cost little."""
MOST_LOANS = 4
"""Messages that an input looks at where they lie, at most: what its node works on, what it took
before and has not let go of yet, and some of a batch."""
_COUNT = 8 + MOST_LOANS
_NUMBERS = struct.Struct(f"<{_COUNT}Q")
_NO_LOANS = (0,) * MOST_LOANS
_LONGEST_LAYOUT = 1024
"""Bytes; a name of ROS has 255 at the most, and what others send must not fill our memory."""


def credit_qos(writers: int = 0) -> QoSProfile:
    """Return the profile of a credit topic: a consumer's or, of so many consumers, a producer's.

    Latched, so that a producer that starts last still hears every consumer; of each only the
    last credit counts.  The depth of a reader counts over all ``writers`` together, so it has
    room for a whole window of each.
    """
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=writers * 2 * REPORTS_PER_WINDOW or 1,
        reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Credit(NamedTuple):
    """How far the input ``consumer`` (``ppo_trainer_6/reward``) has come.

    ``run`` tells the runs of a graph apart: a second copy of it has inputs of the same names.
    Every item up to number ``received`` has come, up to ``taken`` its node has taken it, up to
    ``handled`` the node is through with it (it has asked for the next).  ``incarnation`` tells a
    consumer from the one that it replaces, ``stream`` says which incarnation of the producer it
    listens to (0: none yet), ``heard`` which one it heard of last: from then on it takes nothing
    of an earlier one.  ``stores``: which of the producer's stores it reaches, the first as bit 0.
    ``loans``: items whose memory it looks at, at most `MOST_LOANS`, whether it is through with
    them or not.
    """

    consumer: str
    run: int
    incarnation: int
    heard: int = 0
    stream: int = 0
    received: int = 0
    taken: int = 0
    handled: int = 0
    stores: int = 0
    loans: tuple[int, ...] = ()

    def to_message(self) -> bytes:
        """Return the serialised message."""
        return _layout(self.consumer) + _NUMBERS.pack(
            self.run, self.incarnation, self.heard, self.stream, self.received, self.taken,
            self.handled, self.stores, *self.loans, *_NO_LOANS[len(self.loans):])

    @classmethod
    def from_message(cls, message: bytes | memoryview) -> Credit:
        """Read the serialised message; `CdrError` if it is not one."""
        end = max(0, len(message) - _NUMBERS.size)
        if end > _LONGEST_LAYOUT:
            raise CdrError(f"a credit of {len(message)} bytes, which no consumer gives")
        consumer = _consumer(bytes(message[:end]))
        numbers = _NUMBERS.unpack_from(message, end)
        credit = cls._make((consumer, *numbers[:-MOST_LOANS],
                            tuple(filter(None, numbers[-MOST_LOANS:]))))
        if max(*numbers[:7], *numbers[8:]) > MOST \
                or not credit.handled <= credit.taken <= credit.received:
            raise CdrError(f"numbers that no consumer has: {numbers!s:.200}")
        return credit


# One is sent for each large item: what stays the same is written and read once.
@lru_cache(maxsize=1024)
def _layout(consumer: str) -> bytes:
    """Return all of a credit's message that comes before its numbers."""
    numbers = Array(np.zeros(_COUNT, np.uint64), (consumer,))
    return encode_array(numbers, "uint64")[:-_NUMBERS.size]


@lru_cache(maxsize=1024)
def _consumer(layout: bytes) -> str:
    """Return whose credit begins with ``layout``; `CdrError` if none does."""
    axes = decode_array(layout + bytes(_NUMBERS.size), "uint64").axes
    if not axes or _layout(axes[0]) != layout:
        raise CdrError("expected twelve numbers of a consumer")
    return axes[0]


def credit_topic(data_topic: str) -> str:
    """Return the hidden credit topic of a data topic: ``…/node/_credit/port``."""
    node, _, port = data_topic.rpartition("/")
    return f"{node}/_credit/{port}"


def link_topic(data_topic: str) -> str:
    """Return the hidden topic of a data topic's planned consumers: ``…/node/_link/port``."""
    node, _, port = data_topic.rpartition("/")
    return f"{node}/_link/{port}"
