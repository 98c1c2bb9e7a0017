"""Publishers that a subscription does not hear, as its QoS or its type is another than theirs.

DDS matches them with nobody and says so to nobody who looks at a topic: it has a publisher and a
subscription, and nothing comes.
"""

from __future__ import annotations

from typing import Any

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy

_LESS_THAN_WANTED = (
    ("reliability", ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE),
    ("durability", DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL),
)
"""What a publisher may offer, and what it is then too little for, of the policies that a
subscription of a graph can ask for."""


def unheard(node: Node, topic: str) -> list[str]:
    """Return who publishes on ``topic`` and is not heard by ``node``, and why, in words."""
    mine = [each for each in node.get_subscriptions_info_by_topic(topic)
            if (each.node_name, each.node_namespace) == (node.get_name(), node.get_namespace())]
    found = []
    for publisher in node.get_publishers_info_by_topic(topic):
        misfits = [_misfit(publisher, each) for each in mine]
        if misfits and all(misfits):
            name = f"{publisher.node_namespace.rstrip('/')}/{publisher.node_name}"
            found.append(f"{name} is not heard: {misfits[0]}")
    return found


def _misfit(publisher: Any, subscription: Any) -> str:
    if publisher.topic_type != subscription.topic_type:
        return f"its type is {publisher.topic_type}, expected {subscription.topic_type}"
    for policy, offered, wanted in _LESS_THAN_WANTED:
        if getattr(publisher.qos_profile, policy) == offered and \
                getattr(subscription.qos_profile, policy) == wanted:
            return f"its {policy} is {offered.name.lower()}, expected {wanted.name.lower()}"
    return ""


def warns_of_unheard(node: Node, topic: str) -> SubscriptionEventCallbacks:
    """Return what a subscription of ``node`` to ``topic`` is made with, so that it says so."""
    def warn(event: object) -> None:
        full = node.resolve_topic_name(topic)
        reasons = unheard(node, full) or ["a publisher is not heard: its QoS does not fit"]
        node.get_logger().warning(f"topic {full}: {'; '.join(reasons)}")

    return SubscriptionEventCallbacks(
        incompatible_qos=warn, incompatible_type=warn, use_default_callbacks=False)
