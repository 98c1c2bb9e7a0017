"""By which channel each consumer of an output gets its frames."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from dnne_ros.transport.carrier import Channel, OnPacket
from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.dds_ends import DDS
from dnne_ros.transport.frame import EVERYBODY, readdressed
from dnne_ros.transport.stats import EdgeStats


class Routes:
    """Sends frames to consumers: on their channels, and through DDS to those that have none.

    ``by`` is the name of the store that holds a frame's message, and empty if that is inside.
    """

    def __init__(self, consumers: Sequence[Consumer], dds: Callable[[bytes], None]):
        """Send to ``consumers``; ``dds`` publishes a frame for all of them."""
        self._consumers = consumers
        self._dds = dds
        self._own: list[tuple[Callable[[bytes, int], int], int, EdgeStats, str]] = []
        self._shared: list[EdgeStats] = []
        self._most_bytes = math.inf
        self.choose()

    def choose(self) -> None:
        """Choose anew; to be called when a consumer's channel or absence has changed."""
        # What one that is absent does not read would pile up.
        present = [consumer for consumer in self._consumers if not consumer.absent]
        own = [(consumer, consumer.channel) for consumer in present
               if consumer.channel is not None]
        self._own = [(channel.send, 0 if consumer.lossless else consumer.capacity,
                      consumer.counts, channel.name) for consumer, channel in own]
        self._most_bytes = min((channel.most_bytes for _, channel in own), default=math.inf)
        self._shared = [consumer.counts for consumer in present if consumer.channel is None]

    def adopt(self, consumer: Consumer, channel: Channel, on_credit: OnPacket) -> None:
        """Send to ``consumer`` by ``channel`` as long as that is open, and hear its credits."""
        def closed() -> None:
            if consumer.channel is channel:
                consumer.channel = None
                self.choose()

        if consumer.channel is not None:
            consumer.channel.close()
        channel.on_packet = on_credit
        channel.on_closed = closed
        consumer.channel = channel
        self.choose()

    def send(self, frame: bytes, by: str) -> None:
        """Send a frame to all who are there."""
        if len(frame) > self._most_bytes:
            self._send_large(frame, by)
            return
        for send, most_waiting, counts, name in self._own:
            counts.dropped += send(frame, most_waiting)
            counts.carried[by or name] += 1
        if self._shared:
            self._dds(frame)
            for counts in self._shared:
                counts.carried[by or DDS] += 1

    def send_to(self, consumer: Consumer, frame: bytes, by: str) -> None:
        """Send a frame to one consumer."""
        channel = consumer.channel
        if channel is not None and len(frame) <= channel.most_bytes:
            consumer.counts.dropped += channel.send(
                frame, 0 if consumer.lossless else consumer.capacity)
            consumer.counts.carried[by or channel.name] += 1
        else:
            self._dds(readdressed(frame, consumer.incarnation))
            consumer.counts.carried[by or DDS] += 1

    def _send_large(self, frame: bytes, by: str) -> None:
        """Send a frame that some channel has no room for."""
        present = [consumer for consumer in self._consumers if not consumer.absent]
        if any(consumer.channel is not None and len(frame) <= consumer.channel.most_bytes
               for consumer in present):  # published for everybody, it would come to it twice
            for consumer in present:
                if consumer.incarnation:  # else it gets what it missed when it begins
                    self.send_to(consumer, frame, by)
            return
        self._dds(readdressed(frame, EVERYBODY))
        for consumer in present:
            consumer.counts.carried[by or DDS] += 1
