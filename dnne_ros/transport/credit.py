"""Credits: how a consumer tells a producer, over DDS, how much it has taken.

DDS itself gives no back pressure: an acknowledgement says that a sample arrived, not that it was
used.  So each lossless consumer publishes the total number of items it has taken on a hidden
topic beside the data, as a `std_msgs/UInt64MultiArray` whose axis label is the consumer's name.
Totals, unlike increments, survive a lost or repeated message.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from dnne_ros.transport.array_codec import decode_array, encode_array
from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.payload import Array

REPORTS_PER_WINDOW = 4
"""A consumer reports each time it has taken this fraction of the window: often enough to keep
the producer moving, seldom enough to cost little."""


def credit_qos(writers: int = 1) -> QoSProfile:
    """Return the profile of a credit topic.

    Latched, so that a producer that starts last still hears every consumer.  The depth of a
    reader counts over all ``writers`` together, so it has room for a whole window of each.
    """
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=writers * 2 * REPORTS_PER_WINDOW,
        reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@dataclass(frozen=True)
class Credit:
    """``taken`` items in all, by the input ``consumer`` (``ppo_trainer_6/reward``)."""

    consumer: str
    taken: int

    def to_message(self) -> bytes:
        """Return the serialised message."""
        return encode_array(Array(np.array([self.taken], np.uint64), (self.consumer,)), "uint64")

    @classmethod
    def from_message(cls, message: bytes) -> Credit:
        """Read the serialised message; `CdrError` if it is not one."""
        array = decode_array(message, "uint64")
        if array.data.size != 1:
            raise CdrError(f"expected one total, found {array.data.size}")
        return cls(array.axes[0] if array.axes else "", int(array.data.reshape(-1)[0]))


def credit_topic(data_topic: str) -> str:
    """Return the hidden credit topic of a data topic: ``…/node/_credit/port``."""
    node, _, port = data_topic.rpartition("/")
    return f"{node}/_credit/{port}"
