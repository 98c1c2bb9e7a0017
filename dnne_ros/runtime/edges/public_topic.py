"""The topic of an output as tools see it: with each drawn edge, and who else listens.

Items go between the nodes of a graph by reference, sockets, shared memory or hidden topics; tools
such as rqt_graph know publishers and subscriptions only.  So each edge has a subscription on the
public topic that nobody reads (`DrawnEdge`).  An output publishes for others alone: while there
are subscriptions that are no edges (`PublicTopic.watchers`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rclpy.duration import Duration
from rclpy.event_handler import QoSPublisherEventType
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.type_support import check_is_valid_msg_type

from dnne_ros.node_api.port_types import PortType
from dnne_ros.transport.codec import Codec
from dnne_ros.transport.codecs import EmptyCodec, codec_for
from dnne_ros.transport.qos import external_qos

if TYPE_CHECKING:
    from rclpy.node import Node as RosNode
    from rclpy.publisher import Publisher

_NO_NAME = "_NODE_NAME_UNKNOWN_"
"""What the middleware calls a node of which it knows an endpoint but no name."""
_PARTICIPANT_BYTES = 12
"""How many bytes of an endpoint's id are those of its DDS participant, which is a process."""
_PATIENCE_SECONDS = 5.0
"""For how long a subscription without its node's name is nobody yet.

What is no ROS node, such as a router of DDS, never has one."""
_LOOKS = 2
"""How many looks in a row must find out the same."""


def public_codec(type: PortType) -> Codec:
    """Return what writes the messages of a public topic.

    Of a value that no message carries, the topic says that there is one.
    """
    return EmptyCodec() if type.wire is None else codec_for(type.wire)


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

    def __init__(self, host: RosNode, publisher: Publisher[Any], readers: Mapping[str, int],
                 now: Callable[[], float] = time.monotonic):
        """Publish with ``publisher`` of ``host``.

        ``readers``: how many edges end at each node, by its full name.  ``now()``: seconds.
        """
        self._host = host
        self._publisher = publisher
        self._readers = readers
        self._now = now
        with publisher.handle:
            self._matching: Any = rclpy_implementation.EventHandle(
                publisher.handle, QoSPublisherEventType.RCL_PUBLISHER_MATCHED)
        self._matched = (0, 0)
        """How many subscriptions there are, and how many there ever were."""
        self._fits = 0
        """How many looks in a row have found out who they all are."""
        self._nameless: dict[bytes, float] = {}
        """Since when there has been a subscription, by its id, without its node's name."""
        self._watchers = 0

    @property
    def name(self) -> str:
        """Its full name."""
        return self._publisher.topic_name

    def watchers(self) -> int:
        """Return how many subscriptions there are beside the drawn edges, as far as is known.

        One whose node is not known yet is nobody at first: nothing is published because a
        process of the graph starts again.
        """
        status = self._matching.take_event()
        if status is not None and (status.current_count, status.total_count) != self._matched:
            self._matched = status.current_count, status.total_count
            self._fits = 0
        if self._fits < _LOOKS:
            self._look(self._matched[0])
        return self._watchers

    def _look(self, matched: int) -> None:
        """Find out who the ``matched`` subscriptions are.

        What the middleware knows of nodes is some moments younger or older than their number.
        """
        known = self._host.get_subscriptions_info_by_topic(self.name)
        named: Counter[tuple[str, bytes]] = Counter()
        nameless = {}
        now = self._now()
        for each in known:
            id = bytes(each.endpoint_gid)
            if each.node_name == _NO_NAME:
                nameless[id] = self._nameless.get(id, now)
            else:
                node = f"{each.node_namespace.rstrip('/')}/{each.node_name}"
                named[node, id[:_PARTICIPANT_BYTES]] += 1
        # Process by process: what a process that was killed has left behind stays for a while
        # beside what its successor has, and neither listens.
        nobody = sum(min(count, self._readers.get(node, 0)) for (node, _), count in named.items())
        nobody += sum(now - since < _PATIENCE_SECONDS for since in nameless.values())
        nobody += max(0, matched - len(known))
        self._watchers = max(0, matched - nobody)
        self._nameless = nameless
        self._fits = self._fits + 1 if len(known) == matched and not nameless else 0

    def publish(self, message: Any) -> None:
        """Publish a message, or the bytes of one."""
        self._publisher.publish(message)

    def flush(self, seconds: float) -> None:
        """Wait until reliable subscribers have what was published last, at most ``seconds``."""
        self._publisher.wait_for_all_acked(Duration(seconds=seconds))

    def close(self) -> None:
        """Ask no more who listens; the publisher, which is its node's, may then go."""
        self._matching.destroy_when_not_in_use()
