"""The topic of an output as tools see it: with each drawn edge, and who else listens.

Items go between the nodes of a graph by reference, sockets, shared memory or hidden topics; tools
such as rqt_graph know publishers and subscriptions only.  So each edge has a subscription on the
public topic that nobody reads (`DrawnEdge`).  An output publishes for others alone, and tells them
apart by the names of the nodes that subscribe (`PublicTopic.watchers`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rclpy.duration import Duration
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.type_support import check_is_valid_msg_type

from dnne_ros.transport.qos import external_qos

if TYPE_CHECKING:
    from rclpy.node import Node as RosNode
    from rclpy.publisher import Publisher


class DrawnEdge:
    """A subscription that nobody reads: tools draw an edge for it."""

    def __init__(self, reader: RosNode, topic: str, message_type: Any):
        """Subscribe ``reader`` to ``topic``, relative to its namespace, outside every executor."""
        check_is_valid_msg_type(message_type)  # loads what the middleware needs of it
        with reader.handle:
            self._subscription = rclpy_implementation.Subscription(
                reader.handle, message_type, topic, external_qos(1).get_c_qos_profile())

    def close(self) -> None:
        """Unsubscribe."""
        self._subscription.destroy_when_not_in_use()


class PublicTopic:
    """A publisher that knows which of its subscribers are drawn edges."""

    def __init__(self, host: RosNode, publisher: Publisher[Any], readers: Mapping[str, int]):
        """Publish with ``publisher`` of ``host``.

        ``readers``: how many edges end at each node, by its full name.
        """
        self._host = host
        self._publisher = publisher
        self._readers = readers
        self._drawn = sum(readers.values())
        self._seen: tuple[int, int] = (0, 0)
        """Subscriptions that matched when names were last looked up, and edges among them."""

    @property
    def name(self) -> str:
        """Its full name."""
        return self._publisher.topic_name

    def watchers(self) -> int:
        """Return how many subscriptions there are beside the drawn edges.

        One whose node is not known yet is taken for an edge while one is missing: nothing is
        published because a process of the graph starts again.
        """
        matched = self._publisher.get_subscription_count()
        seen, edges = self._seen
        if matched != seen or edges < min(matched, self._drawn):
            edges = self._edges(matched)
            self._seen = matched, edges
        return matched - edges

    def _edges(self, matched: int) -> int:
        names = Counter(
            f"{each.node_namespace.rstrip('/')}/{each.node_name}" for each in
            self._host.get_subscriptions_info_by_topic(self.name))
        known = sum(min(count, names[name]) for name, count in self._readers.items())
        strangers = sum(count for name, count in names.items()
                        if name.rpartition("/")[2] != "_NODE_NAME_UNKNOWN_") - known
        unknown = max(0, matched - known - strangers)
        return min(matched, known + min(unknown, self._drawn - known))

    def publish(self, message: Any) -> None:
        """Publish a message, or the bytes of one."""
        self._publisher.publish(message)

    def flush(self, seconds: float) -> None:
        """Wait until reliable subscribers have what was published last, at most ``seconds``."""
        self._publisher.wait_for_all_acked(Duration(seconds=seconds))
