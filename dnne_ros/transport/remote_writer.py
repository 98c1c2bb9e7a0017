"""The sending end of a DDS topic with planned consumers in other processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rclpy.event_handler import SubscriptionEventCallbacks
from std_msgs.msg import UInt64MultiArray

from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.credit import Credit, credit_qos, credit_topic
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.stats import EdgeStats

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.publisher import Publisher


@dataclass
class Consumer:
    """A planned consumer: the edge to it and what it has taken so far (None: not there yet)."""

    name: str
    edge: str
    policy: EdgePolicy
    capacity: int
    taken: int | None = None
    stats: EdgeStats = field(default_factory=EdgeStats)


class RemoteWriter:
    """Publishes messages and keeps each lossless consumer within its window.

    Plain ROS subscribers of the same topic take no part in this and hold nobody back.
    """

    transport = "dds"

    def __init__(self, node: Node, publisher: Publisher, topic: str,
                 consumers: Iterable[Consumer]):
        """Send through ``publisher`` on ``topic`` to the planned ``consumers``."""
        self._node = node
        self._publisher = publisher
        self._consumers = {consumer.name: consumer for consumer in consumers}
        self._lossless = [consumer for consumer in self._consumers.values()
                          if consumer.policy is EdgePolicy.LOSSLESS]
        self._sent = 0
        self._room: asyncio.Event = asyncio.Event()
        node.create_subscription(
            UInt64MultiArray, credit_topic(topic), self._on_credit,
            credit_qos(writers=len(self._consumers)), raw=True,
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False))

    @property
    def consumers(self) -> Iterable[Consumer]:
        """Return the planned consumers with their counters."""
        return self._consumers.values()

    def missing(self) -> list[str]:
        """Return the names of planned consumers that cannot receive yet."""
        topic = self._publisher.topic_name
        listed = {info.node_name for info in self._node.get_subscriptions_info_by_topic(topic)}
        return [consumer.name for consumer in self._consumers.values()
                if consumer.taken is None or consumer.name.partition("/")[0] not in listed]

    async def put(self, message: bytes) -> None:
        """Publish a message, waiting until the slowest lossless consumer has room for it."""
        if any(self._full(consumer) for consumer in self._lossless):
            await self._wait_for_room()
        self._sent += 1
        for consumer in self._consumers.values():
            consumer.stats.sent += 1
        self._publisher.publish(message)

    def _full(self, consumer: Consumer) -> bool:
        return self._sent - (consumer.taken or 0) >= consumer.capacity

    async def _wait_for_room(self) -> None:
        while True:
            waiting_for = [consumer for consumer in self._lossless if self._full(consumer)]
            if not waiting_for:
                return
            self._room.clear()
            started = time.perf_counter()
            try:
                await self._room.wait()
            finally:
                waited = time.perf_counter() - started
                for consumer in waiting_for:
                    consumer.stats.blocked_s += waited

    def _on_credit(self, message: bytes) -> None:
        try:
            credit = Credit.from_message(message)
        except CdrError as error:  # anybody may publish here; it must not end the run
            self._node.get_logger().warning(
                f"not a credit for {self._publisher.topic_name}: {error}")
            return
        consumer = self._consumers.get(credit.consumer)
        if consumer is not None:
            consumer.taken = max(credit.taken, consumer.taken or 0)
            self._room.set()
