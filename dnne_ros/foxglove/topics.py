"""The topics of a graph as channels: each is subscribed to while a viewer is subscribed to it.

Messages go through as the bytes that they came in.  What nobody looks at is not subscribed to,
so that the graph does not even encode it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import foxglove
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from dnne_ros.foxglove.scope import belongs, is_hidden
from dnne_ros.messages.definitions import message_definition
from dnne_ros.messages.message_types import message_class, type_name

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.subscription import Subscription

_DEPTH = 10
_LATCHED_DEPTH = 100
"""How many of a topic's kept messages who comes late is given."""

_log = logging.getLogger(__name__)


@dataclass
class _Topic:
    """A topic that viewers are offered."""

    channel: foxglove.Channel
    message: type
    viewers: set[int] = field(default_factory=set)
    subscription: Subscription[Any] | None = None


class Topics:
    """Offers the topics of a graph, and subscribes to those that are looked at."""

    def __init__(self, node: Node, graph: str, context: foxglove.Context):
        """Offer those of ``graph``, a namespace ('': all), as channels of ``context``."""
        self._node = node
        self._graph = graph
        self._context = context
        self._topics: dict[str, _Topic] = {}
        self._unknown: set[str] = set()
        """Types that are not installed here, which was said."""

    @property
    def names(self) -> list[str]:
        """The topics that are offered."""
        return list(self._topics)

    @property
    def subscribed(self) -> list[str]:
        """Those that are subscribed to."""
        return [name for name, topic in self._topics.items() if topic.subscription is not None]

    def look(self) -> None:
        """Offer what has come, and withdraw what is published no more."""
        for name in self.names:
            if not self._node.count_publishers(name):
                self._withdraw(name)
        for name, types in self._node.get_topic_names_and_types():
            if name not in self._topics and not is_hidden(name) and self._is_shown(name):
                self._offer(name, types[0])

    def subscribe(self, name: str, viewer: int) -> None:
        """Subscribe to a topic, as a viewer has."""
        if (topic := self._topics.get(name)) is not None:
            topic.viewers.add(viewer)
            self._read(name, topic)

    def unsubscribe(self, name: str, viewer: int) -> None:
        """Subscribe no more once the last viewer has gone."""
        if (topic := self._topics.get(name)) is not None:
            topic.viewers.discard(viewer)
            if not topic.viewers:
                self._end(topic)

    def close(self) -> None:
        """Withdraw everything."""
        for name in self.names:
            self._withdraw(name)

    def _is_shown(self, name: str) -> bool:
        publishers = self._node.get_publishers_info_by_topic(name)
        ends = [*publishers, *self._node.get_subscriptions_info_by_topic(name)]
        return bool(publishers) and any(
            belongs(end.node_namespace, self._graph) for end in ends)

    def _offer(self, name: str, type: str) -> None:
        if type in self._unknown:
            return
        try:
            message = message_class(type)
        except ValueError as error:
            self._unknown.add(type)
            _log.warning("%s is not shown: %s", name, error)
            return
        schema = foxglove.Schema(name=type_name(message), encoding="ros2msg",
                                 data=message_definition(message).encode())
        self._topics[name] = _Topic(foxglove.Channel(
            name, message_encoding="cdr", schema=schema, context=self._context), message)

    def _withdraw(self, name: str) -> None:
        topic = self._topics.pop(name)
        self._end(topic)
        topic.channel.close()

    def _read(self, name: str, topic: _Topic) -> None:
        """Subscribe; once more where a topic keeps messages, which a new viewer is to see."""
        qos = self._qos(name)
        if topic.subscription is not None:
            if qos.durability != DurabilityPolicy.TRANSIENT_LOCAL:
                return
            self._end(topic)
        topic.subscription = self._node.create_subscription(
            topic.message, name, lambda data: self._pass_on(topic.channel, data), qos, raw=True)

    def _pass_on(self, channel: foxglove.Channel, data: bytes) -> None:
        channel.log(data, log_time=self._node.get_clock().now().nanoseconds)

    def _end(self, topic: _Topic) -> None:
        if topic.subscription is not None:
            self._node.destroy_subscription(topic.subscription)
            topic.subscription = None

    def _qos(self, name: str) -> QoSProfile:
        """Return what fits all publishers of a topic, as much as they all promise."""
        offers = [each.qos_profile for each in self._node.get_publishers_info_by_topic(name)]
        reliable = all(each.reliability == ReliabilityPolicy.RELIABLE for each in offers)
        latched = all(each.durability == DurabilityPolicy.TRANSIENT_LOCAL for each in offers)
        return QoSProfile(
            history=HistoryPolicy.KEEP_LAST, depth=_LATCHED_DEPTH if latched else _DEPTH,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched
            else DurabilityPolicy.VOLATILE)
