"""What a consumer knows of its producer, and the carriers between the two."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dnne_ros.transport.arrivals import Accept
from dnne_ros.transport.carrier import Channel, Lent, Store
from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.dds_ends import DDS, DdsConsumerEnd
from dnne_ros.transport.feedback import pack_feedback
from dnne_ros.transport.frame import (
    EVERYBODY,
    HEAD_SIZE,
    Frame,
    FrameKind,
    parse_head,
    parse_place,
)
from dnne_ros.transport.identity import new_identity
from dnne_ros.transport.process_endpoint import ProcessEndpoint
from dnne_ros.transport.terms import Terms

if TYPE_CHECKING:
    from rclpy.node import Node


Lend = Callable[[], tuple[memoryview, Lent] | None]


class ProducerConnection:
    """Finds a producer or one that takes its place, and takes items from the best carrier."""

    def __init__(self, node: Node, name: str, topic: str, window: int,
                 endpoint: ProcessEndpoint, on_item: Accept,
                 on_welcome: Callable[[Frame, Terms], None], report: Callable[[], None]):
        """Connect the input ``name`` with the output that has the public ``topic``.

        ``on_item(frame, message, by)`` takes an item and which channel has brought it.
        ``on_welcome(frame, terms)`` is called before this connection goes on as the producer has
        said; ``report()`` whenever it should hear how far the consumer has come.
        """
        self._node = node
        self._name = name
        self._endpoint = endpoint
        self._on_item = on_item
        self._on_welcome = on_welcome
        self._report = report
        self.incarnation = new_identity()
        """This consumer's; a later one takes the place of an earlier."""
        self.heard = 0
        """The producer's incarnation that was heard of last."""
        self.stream = 0
        """The producer's incarnation that this consumer listens to; 0: none yet."""
        self._stores: list[Store | None] = []
        self.stores_reached = 0
        """Which of the producer's stores can be read, the first as bit 0."""
        self._channel: Channel | None = None
        self._dds = DdsConsumerEnd(node, topic, window, endpoint.key, self._on_dds_message)
        self.send: Callable[[bytes], object] = self._dds.send
        """Send a credit."""
        self.owe: Callable[[Callable[[], bytes]], object] = self._say
        """Send a credit that can wait a little, made then."""
        self.on_channel_lost: Callable[[], None] = _nothing
        """Called when the channel is gone, and with it perhaps what was sent last."""

    @property
    def has_producer(self) -> bool:
        """Tell whether there is anybody to hear a credit."""
        return self._dds.has_producer

    @property
    def channel(self) -> str:
        """Return the name of what connects us now."""
        return DDS if self._channel is None else self._channel.name

    def find(self, frame: Frame, message: bytes | memoryview
             ) -> tuple[str, Callable[[], memoryview], Lend]:
        """Return which store holds the message of a frame, what copies it out and what lends it.

        Raises `CdrError`, OSError or ValueError if there is no such message.
        """
        index, place = parse_place(frame, message)
        store = self._stores[index] if index < len(self._stores) else None
        if store is None:
            raise CdrError(f"the producer has no store {index}")
        return store.name, store.find(place), partial(store.lend, place)

    def send_feedback(self, message: bytes) -> bool:
        """Say something to the producer's node; False: no channel leads there, or none so wide.

        Only the newest waits where there is no room.
        """
        said, channel = pack_feedback(message), self._channel
        if channel is None or len(said) > channel.most_bytes:
            return False
        channel.send(said, 1)
        return True

    def listen_to(self, stream: int, terms: Terms) -> None:
        """Take items from the producer with the incarnation ``stream``, as it has offered."""
        self.heard = self.stream = stream
        ours = {store.name: store for store in self._endpoint.stores}
        self._stores = [ours.get(name) for name in terms.stores]
        self.stores_reached = sum(
            1 << index for index, (store, address) in enumerate(
                zip(self._stores, terms.stores.values(), strict=True))
            if store is not None and address and store.reach(address))
        if self._channel is None:
            self._connect(terms)

    def close(self) -> None:
        """Close the channel to the producer."""
        if self._channel is not None:
            self._channel.close()
        self._use(None)

    def _use(self, channel: Channel | None) -> None:
        self._channel = channel
        self.send = self._dds.send if channel is None else channel.send
        self.owe = self._say if channel is None else channel.owe

    def _say(self, credit: Callable[[], bytes]) -> None:
        if said := credit():
            self.send(said)

    def _on_dds_message(self, message: memoryview) -> None:
        try:
            frame = parse_head(message)
            if frame.receiver not in (self.incarnation, EVERYBODY) \
                    and (frame.receiver or self._channel is not None):
                return  # for another consumer, or for those without a channel
            if frame.stream < self.heard:
                return  # a producer that was replaced
            if frame.kind in (FrameKind.HELLO, FrameKind.WELCOME):
                terms = Terms.from_bytes(message[HEAD_SIZE:frame.end])
                if terms.run == self._endpoint.run:
                    self._on_greeting(frame, terms)
            elif frame.stream == self.stream == self.heard:  # else: a dead one's last words
                self._on_item(frame, message, DDS)
        except (CdrError, OSError, ValueError) as error:  # anybody may publish here
            self._warn(error)

    def _on_greeting(self, frame: Frame, terms: Terms) -> None:
        if frame.kind == FrameKind.HELLO:
            if terms.above >= self.incarnation:
                if self.stream:
                    return  # another has taken our place
                self.incarnation = new_identity(terms.above)
            if frame.stream != self.heard:
                self.heard = frame.stream
                self.close()
        else:
            self._on_welcome(frame, terms)
        self._report()

    def _connect(self, terms: Terms) -> None:
        """Use the first of the producer's channels that reaches it."""
        for name, address in terms.channels.items():
            def on_packet(packet: bytes | memoryview, name: str = name) -> None:
                try:
                    self._on_item(parse_head(packet), packet, name)
                except (CdrError, OSError, ValueError) as error:  # if lacking, it comes again
                    self._warn(error)

            channel = self._endpoint.connect(name, address, on_packet, self._on_channel_closed)
            if channel is not None:
                self._use(channel)
                return

    def _on_channel_closed(self) -> None:
        self._use(None)
        self._report()  # what went by it last may be lost
        self.on_channel_lost()

    def _warn(self, error: Exception) -> None:
        self._node.get_logger().warning(f"dropped a frame for {self._name}: {error}",
                                        throttle_duration_sec=1.0)


def _nothing() -> None:
    """Do nothing: nobody has sent anything back."""
