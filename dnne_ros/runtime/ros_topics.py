"""Implements `dnne_ros.nodes.ros_topics.RosTopics` on a node's host."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from dnne_ros.errors import InputError

if TYPE_CHECKING:
    from rclpy.publisher import Publisher

    from dnne_ros.runtime.node_host import NodeHost

_PROFILES = {
    "reliable": (ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE, 10),
    "sensor_data": (ReliabilityPolicy.BEST_EFFORT, DurabilityPolicy.VOLATILE, 5),
    "latched": (ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL, 1),
}


def qos_preset(name: str) -> QoSProfile:
    """Return one of `dnne_ros.nodes.ros_topics.QOS_PRESETS`; KeyError for another name."""
    reliability, durability, depth = _PROFILES[name]
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability,
                      durability=durability)


class HostTopics:
    """Topics of one node, beside its ports."""

    def __init__(self, host: NodeHost, on_arrival: Callable[[], None]):
        """Publish and subscribe as ``host``; call ``on_arrival`` for each message that comes."""
        self._host = host
        self._on_arrival = on_arrival

    def message_class(self, message_type: str) -> type:
        """Return the Python class of ``package/msg/Name``; `InputError` if there is none."""
        package, _, name = message_type.replace("/", ".").rpartition(".")
        try:
            return getattr(importlib.import_module(package), name)
        except (ImportError, AttributeError, ValueError):
            raise InputError(message_type, ["this message type is not installed"]) from None

    def advertise(self, topic: str, message_type: str, qos: str = "reliable") -> Publisher:
        """Return a publisher."""
        return self._host.create_publisher(
            self.message_class(message_type), topic, qos_preset(qos))

    def subscribe(self, topic: str, message_type: str, qos: str,
                  on_message: Callable[[Any], None], raw: bool = False) -> None:
        """Call ``on_message`` for each message."""
        def receive(message: Any) -> None:
            on_message(message)
            self._on_arrival()

        self._host.create_subscription(
            self.message_class(message_type), topic, receive, qos_preset(qos), raw=raw,
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False))

    def now_ns(self) -> int:
        """Return the node's clock, in nanoseconds."""
        return self._host.get_clock().now().nanoseconds
