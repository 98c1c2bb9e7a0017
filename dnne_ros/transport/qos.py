"""QoS of data topics."""

from __future__ import annotations

from collections.abc import Collection

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from dnne_ros.transport.policy import EdgePolicy


def data_qos(policies: Collection[EdgePolicy], capacity: int) -> QoSProfile:
    """Return the profile of the public topic of an output whose edges have these ``policies``.

    Reliable, so that reliable and best-effort subscribers both match; KEEP_LAST, so that
    publishing never waits for a subscriber.  Only a topic all of whose edges want the latest
    value is latched (transient local, depth 1).
    """
    latched = set(policies) == {EdgePolicy.LATEST}
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=1 if latched else capacity,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE)


def link_qos(capacity: int) -> QoSProfile:
    """Return the profile of the hidden topic between processes, both ends.

    Room for a whole window and for one that is sent again; KEEP_LAST, so that publishing never
    waits for a consumer (back pressure comes from credits).
    """
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=2 * capacity + 8,
        reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.VOLATILE)


def external_qos(depth: int) -> QoSProfile:
    """Return the profile of a topic that some other node publishes, keeping ``depth`` messages.

    Best effort and volatile: it matches every publisher, those of sensors too.
    """
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth,
                      reliability=ReliabilityPolicy.BEST_EFFORT,
                      durability=DurabilityPolicy.VOLATILE)
