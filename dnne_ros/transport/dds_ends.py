"""Both ends of an edge's hidden topics: the carrier that is always there, and finds the other end.

All consumers of an output share its topic, so one frame published reaches all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rclpy.event_handler import SubscriptionEventCallbacks
from std_msgs.msg import UInt8MultiArray, UInt64MultiArray

from dnne_ros.transport.credit import credit_qos, credit_topic, link_topic
from dnne_ros.transport.qos import link_qos

if TYPE_CHECKING:
    from rclpy.node import Node

DDS = "dds"
"""What reports call it."""


class DdsProducerEnd:
    """Publishes frames and hears credits."""

    def __init__(self, node: Node, topic: str, capacity: int, consumers: int,
                 on_credit: Callable[[bytes], None]):
        """Send the items of the output with the public ``topic`` to so many ``consumers``.

        ``capacity`` is the largest of its edges.
        """
        publisher = node.create_publisher(UInt8MultiArray, link_topic(topic), link_qos(capacity))
        self.topic = publisher.topic_name
        self.send: Callable[[bytes], None] = publisher.publish
        """Publish a frame."""
        node.create_subscription(
            UInt64MultiArray, credit_topic(topic), on_credit, credit_qos(writers=consumers),
            raw=True, event_callbacks=_silent())


class DdsConsumerEnd:
    """Hears frames and publishes credits."""

    def __init__(self, node: Node, topic: str, window: int, on_frame: Callable[[bytes], None]):
        """Listen to the output with the public ``topic``; ``window`` as its producer has it."""
        self._subscription = node.create_subscription(
            UInt8MultiArray, link_topic(topic), on_frame, link_qos(window), raw=True,
            event_callbacks=_silent())
        publisher = node.create_publisher(UInt64MultiArray, credit_topic(topic), credit_qos())
        self.send: Callable[[bytes], None] = publisher.publish
        """Publish a credit."""

    @property
    def has_producer(self) -> bool:
        """Tell whether DDS has found a producer."""
        return self._subscription.handle.get_publisher_count() > 0


def _silent() -> SubscriptionEventCallbacks:
    return SubscriptionEventCallbacks(use_default_callbacks=False)
