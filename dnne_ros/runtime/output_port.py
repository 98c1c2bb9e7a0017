"""Where a node's output goes: local edges, a DDS topic, and whoever watches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rclpy.duration import Duration

from dnne_ros.nodes.port_types import PortType
from dnne_ros.transport.codecs import Codec
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.remote_writer import RemoteWriter

if TYPE_CHECKING:
    from rclpy.publisher import Publisher

_BREATHE_EVERY = 64


class OutputPort:
    """One output of a running node.

    With consumers in other processes its topic carries every item.  Otherwise the topic is only
    a window: items are published while somebody outside listens, and cost nothing else.
    """

    def __init__(self, type: PortType, edges: Sequence[LocalEdge],
                 publisher: Publisher | None, codec: Codec | None,
                 writer: RemoteWriter | None):
        """Send values of ``type``; ``publisher`` is None for values that stay in the process."""
        self._type = type
        self._edges = edges
        self._publisher = publisher
        self._codec = codec
        self._writer = writer
        self._watchers = 0
        self._latched = type.policy is EdgePolicy.LATEST
        self._newest: Any = None
        self._sends = 0

    @property
    def newest(self) -> Any:
        """Return the value last sent, kept for latched types; None before the first."""
        return self._newest

    @property
    def writer(self) -> RemoteWriter | None:
        """Return the sending end of the topic, if there are consumers in other processes."""
        return self._writer

    async def send(self, value: Any) -> None:
        """Hand ``value`` to every consumer, waiting for those that are full.

        The first value is checked against the port's type, so that a node that breaks its
        declaration fails in every placement and not only where its values must be encoded.
        """
        if self._sends == 0:
            self._type.check(value)
        for edge in self._edges:
            if not edge.offer(value):
                await edge.put(value)
        if self._writer is not None:
            await self._writer.put(self._encode(value))
        elif self._watchers:
            self._publisher.publish(self._encode(value))
        if self._latched:
            self._newest = value
        self._sends += 1
        if self._sends % _BREATHE_EVERY == 0:
            # Nothing above waits while there is room; a source must not starve the loop.
            await asyncio.sleep(0)

    def look_for_watchers(self) -> None:
        """Notice who listens; a late joiner of a latched topic gets the newest value."""
        if self._publisher is None or self._writer is not None:
            return
        watchers = self._publisher.get_subscription_count()
        if watchers > self._watchers and self._newest is not None:
            self._publisher.publish(self._encode(self._newest))
        self._watchers = watchers

    def flush(self, seconds: float) -> None:
        """Wait until those who watch have what was sent last, at most ``seconds``.

        A process that leaves at once takes it along: a robot would miss its last command.
        """
        if self._watchers and seconds > 0:
            self._publisher.wait_for_all_acked(Duration(seconds=seconds))

    def _encode(self, value: Any) -> bytes:
        return self._codec.encode(self._type.pack(value))
