"""The receiving end of a topic that some other ROS node publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnne_ros.transport.codec import Codec
from dnne_ros.transport.inbox import Inbox
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.qos import external_qos
from dnne_ros.transport.qos_overrides import qos_overrides
from dnne_ros.transport.stats import EdgeStats
from dnne_ros.transport.unheard import warns_of_unheard

if TYPE_CHECKING:
    from rclpy.node import Node


class ExternalReader:
    """A plain subscription: any publisher, at any time, without credits.

    A robot does not wait for us, so what is not taken in time is dropped.
    """

    transport = "external"

    def __init__(self, node: Node, topic: str, codec: Codec, policy: EdgePolicy, capacity: int):
        """Subscribe ``node`` to ``topic``; a ``lossless`` policy becomes ``drop_oldest``."""
        self.policy = EdgePolicy.LATEST if policy is EdgePolicy.LATEST \
            else EdgePolicy.DROP_OLDEST
        self._stats = EdgeStats()
        self._inbox = Inbox(self.policy, capacity, self._stats)
        self.waiting = self._inbox.span
        with qos_overrides(topic) as options:
            self._subscription = node.create_subscription(
                codec.message_type(), topic, self._inbox.offer,
                external_qos(1 if self.policy is EdgePolicy.LATEST else capacity), raw=True,
                event_callbacks=warns_of_unheard(node, topic),
                qos_overriding_options=options)

    @property
    def stats(self) -> EdgeStats:
        """Return the counters as they are now."""
        if self._stats.received:
            self._stats.carried[self.transport] = self._stats.received
        return self._stats

    @property
    def topic(self) -> str:
        """Return the full name of the topic, after remapping."""
        return self._subscription.topic_name

    @property
    def number(self) -> int:
        """Return how many messages were taken: those outside number none."""
        return self._stats.received

    @property
    def awaited(self) -> bool:
        """Tell whether somebody waits for a message."""
        return self._inbox.awaited

    async def take(self, timeout: float | None = None) -> bytes:
        """Return the next message; TimeoutError when none came within ``timeout`` seconds."""
        message: bytes = await self._inbox.take(timeout)
        return message
