"""Both ends of an edge's hidden topics: the carrier that is always there, and finds the other end.

All consumers of an output share its topic, so one frame published reaches all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rclpy.event_handler import SubscriptionEventCallbacks
from std_msgs.msg import UInt8MultiArray

from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.credit import credit_qos, credit_topic, link_topic
from dnne_ros.transport.qos import link_qos
from dnne_ros.transport.seal import Seal

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.qos import QoSProfile
    from rclpy.subscription import Subscription

_WARN_SECONDS = 5.0

DDS = "dds"
"""What reports call it."""


class DdsProducerEnd:
    """Publishes frames and hears credits."""

    def __init__(self, node: Node, topic: str, capacity: int, consumers: int,
                 key: bytes, on_credit: Callable[[memoryview], None]):
        """Send the items of the output with the public ``topic`` to so many ``consumers``.

        ``capacity`` is the largest of its edges, ``key`` that of the run.
        """
        self.send, self.topic = _sending(node, link_topic(topic), link_qos(capacity), key)
        """Publish a frame."""
        _hear(node, credit_topic(topic), credit_qos(writers=consumers), key, on_credit)


class DdsConsumerEnd:
    """Hears frames and publishes credits."""

    def __init__(self, node: Node, topic: str, window: int, key: bytes,
                 on_frame: Callable[[memoryview], None]):
        """Listen to the output with the public ``topic``; ``window`` as its producer has it."""
        self._subscription = _hear(node, link_topic(topic), link_qos(window), key, on_frame)
        self.send, _ = _sending(node, credit_topic(topic), credit_qos(), key)
        """Publish a credit."""

    @property
    def has_producer(self) -> bool:
        """Tell whether DDS has found a producer."""
        return self._subscription.handle.get_publisher_count() > 0


def _sending(node: Node, topic: str, qos: QoSProfile, key: bytes
             ) -> tuple[Callable[[bytes], None], str]:
    """Return what publishes a message, sealed, and the topic's full name."""
    publisher = node.create_publisher(UInt8MultiArray, topic, qos)
    seal = Seal(key, publisher.topic_name)

    def send(message: bytes) -> None:
        publisher.publish(seal.seal(message))

    return send, publisher.topic_name


def _hear(node: Node, topic: str, qos: QoSProfile, key: bytes,
          on_message: Callable[[memoryview], None]) -> Subscription[UInt8MultiArray]:
    """Subscribe to what processes of this run have sealed; anybody may publish there."""
    def read(message: bytes) -> None:
        try:
            body = seal.open(message)
        except CdrError as error:
            node.get_logger().warning(f"dropped a message on {subscription.topic_name}: {error}",
                                      throttle_duration_sec=_WARN_SECONDS)
            return
        on_message(body)

    subscription = node.create_subscription(
        UInt8MultiArray, topic, read, qos, raw=True,
        event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False))
    seal = Seal(key, subscription.topic_name)
    return subscription
