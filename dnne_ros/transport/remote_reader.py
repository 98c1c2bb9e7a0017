"""The receiving end of a DDS topic at a planned consumer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy.event_handler import SubscriptionEventCallbacks
from std_msgs.msg import UInt64MultiArray

from dnne_ros.transport.codecs import Codec
from dnne_ros.transport.credit import REPORTS_PER_WINDOW, Credit, credit_qos, credit_topic
from dnne_ros.transport.inbox import Inbox
from dnne_ros.transport.message_info import with_message_info
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.stats import EdgeStats

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.publisher import Publisher
    from rclpy.qos import QoSProfile
    from rclpy.subscription import MessageInfo


class RemoteReader:
    """Takes items from a topic in order, counts gaps, and gives credit for what was taken."""

    transport = "dds"

    def __init__(self, node: Node, name: str, topic: str, codec: Codec, policy: EdgePolicy,
                 capacity: int, qos: QoSProfile, on_arrival: Callable[[], None] | None = None):
        """Subscribe ``node`` to ``topic`` for the input ``name`` (``ppo_trainer_6/reward``).

        ``qos`` is the topic's profile, which the edges of an output share.  ``on_arrival`` is
        called for each message that comes.
        """
        self.policy = policy
        self.stats = EdgeStats()
        self._name = name
        self._codec = codec
        self._on_arrival = on_arrival
        self._counts = policy is EdgePolicy.LOSSLESS
        self._next_number = 1
        self._taken = 0
        self._reported = 0
        self._report_every = max(1, capacity // REPORTS_PER_WINDOW)
        self._inbox = Inbox(policy, capacity, self.stats, self._on_taken)
        silent = SubscriptionEventCallbacks(use_default_callbacks=False)
        self._subscription = node.create_subscription(
            codec.message_type(), topic, with_message_info(self._on_message),
            qos, raw=True, event_callbacks=silent)
        self._credits: Publisher = node.create_publisher(
            UInt64MultiArray, credit_topic(topic), credit_qos())

    @property
    def connected(self) -> bool:
        """Tell whether a publisher of the topic has been found."""
        return self._subscription.handle.get_publisher_count() > 0

    def announce(self) -> None:
        """Tell the producer that this consumer is there; call once `connected`."""
        self._report()

    async def get(self, timeout: float | None = None) -> Any:
        """Return the next payload; TimeoutError when none came within ``timeout`` seconds."""
        return self._codec.decode(await self._inbox.take(timeout))

    def _on_message(self, message: bytes, info: MessageInfo) -> None:
        if self._counts:
            number = info["publication_sequence_number"]
            if number < self._next_number:
                self.stats.duplicated += 1
                return
            self.stats.lost += number - self._next_number
            self._next_number = number + 1
        self._inbox.offer(message)
        if self._on_arrival is not None:
            self._on_arrival()

    def _on_taken(self) -> None:
        self._taken += 1
        if self._taken - self._reported >= self._report_every:
            self._report()

    def _report(self) -> None:
        self._reported = self._taken
        self._credits.publish(Credit(self._name, self._taken).to_message())
