"""The sending end of an edge to consumers in other processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from dnne_ros.transport.carrier import Channel, Stored
from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.credit import Credit
from dnne_ros.transport.dds_ends import DdsProducerEnd
from dnne_ros.transport.feedback import feedback_in
from dnne_ros.transport.frame import LARGE_FROM, FrameKind, pack_head
from dnne_ros.transport.handshake import Handshake, Restart, Step
from dnne_ros.transport.kept_items import KeptItem
from dnne_ros.transport.process_endpoint import ProcessEndpoint
from dnne_ros.transport.routes import Routes
from dnne_ros.transport.window import Window

if TYPE_CHECKING:
    from rclpy.node import Node


class RemoteWriter:
    """Sends numbered frames and keeps each lossless consumer within its window."""

    def __init__(self, node: Node, topic: str, consumers: Iterable[Consumer],
                 endpoint: ProcessEndpoint, restart: Restart | None = None):
        """Send to the planned ``consumers`` of the output with the public ``topic``.

        ``endpoint`` is the process' own.  ``restart`` says with which item the node goes on if it
        takes another's place (`delivered`); without, what it sends is new.
        """
        self._node = node
        self._stores = endpoint.stores
        self.consumers = tuple(consumers)
        """The planned consumers with their counters."""
        self._by_name = {consumer.name: consumer for consumer in self.consumers}
        capacity = max((consumer.capacity for consumer in self.consumers), default=1)
        self._dds = DdsProducerEnd(node, topic, capacity, len(self.consumers), endpoint.key,
                                   self._on_message)
        self._routes = Routes(self.consumers, self._dds.send)
        self.window = self._window = Window(self.consumers, self._routes.send_to)
        """How far the consumers are."""
        self._handshake = Handshake(
            self.consumers, self._window, endpoint, self._dds.send, restart)
        self.agree = self._handshake.agree
        """To be called when ``restart`` has come to know where to go on."""
        self._send_frame = self._routes.send
        self.on_feedback: Callable[[bytes], None] | None = None
        """Called with what a consumer sends back (`RemoteReader.send_feedback`)."""
        for consumer in self.consumers:
            endpoint.expect(consumer.name, self._use_channel)

    @property
    def lossless(self) -> bool:
        """Tell whether a consumer must get every item."""
        return bool(self._window.lossless)

    @property
    def delivered(self) -> int:
        """Return how many items each consumer had when this process was started again.

        0 in a fresh run.  Known once nobody is `missing`.
        """
        return self._handshake.base or 0

    @property
    def replaced(self) -> bool:
        """Tell whether a consumer listens to a later producer of the same name."""
        return self._handshake.replaced

    def missing(self) -> list[str]:
        """Return the names of planned consumers that do not listen to this producer yet."""
        return self._handshake.missing()

    def notify_room(self, on_room: Callable[[], None]) -> None:
        """Call ``on_room`` when a consumer may have room again."""
        self._window.on_room = on_room

    @property
    def full(self) -> bool:
        """Tell whether a sender must wait for a lossless consumer."""
        window = self._window
        return window.sent >= window.room_until

    def note_wait(self, waiting: bool) -> None:
        """Note that the sender waits, as far as it is for a consumer here that is full."""
        self._window.note_wait(waiting)

    def send(self, parts: Sequence[bytes | memoryview], tail: bytes = b"") -> None:
        """Send a message, given in parts; the sender has made sure that nobody is `full`.

        ``tail`` goes along with it (see `dnne_ros.transport.tails`).
        """
        window = self._window
        window.sent = number = window.sent + 1
        size = len(parts[0]) if len(parts) == 1 else sum(map(len, parts))
        if size < LARGE_FROM:
            frame = b"".join((pack_head(FrameKind.INLINE, 0, self._handshake.stream, number,
                                        time.time_ns(), size, len(tail)), *parts, tail))
            window.add(KeptItem(number, frame, 0, None, ""))
            self._send_frame(frame, "")
        else:
            self._send_large(parts, number, size, tail)

    def drop(self, consumer: Consumer) -> None:
        """Go on without a consumer that is gone; it is welcome again when it is heard of."""
        if consumer.channel is not None:
            consumer.channel.forget_waiting()
        self._window.drop(consumer)
        self._routes.choose()

    def _send_large(self, parts: Sequence[bytes | memoryview], number: int, size: int,
                    tail: bytes) -> None:
        """Send a message from a store, or as it is if there is none with room."""
        stored, by, body = self._store(parts, size)
        kind = FrameKind.INLINE if stored is None else FrameKind.STORED
        frame = b"".join((pack_head(kind, 0, self._handshake.stream, number,
                                    time.time_ns(), sum(map(len, body)), len(tail)), *body,
                          tail))
        self._window.add(KeptItem(number, frame, size, stored, by))
        self._send_frame(frame, by)

    def _store(self, parts: Sequence[bytes | memoryview], size: int
               ) -> tuple[Stored | None, str, Sequence[bytes | memoryview]]:
        """Return the message in a store, the store's name, and the parts of its frame's body."""
        if self._window.may_store():
            for index, store in enumerate(self._stores):
                if self._window.stores >> index & 1:
                    stored = store.put(parts, size)
                    if stored is not None:
                        return stored, store.name, (bytes((index,)), stored.place)
        return None, "", parts

    def _use_channel(self, channel: Channel, credit: Credit) -> None:
        """Use the channel that a consumer has made; ``credit`` is the first that came on it."""
        consumer = self._by_name[credit.consumer]
        if credit.incarnation < consumer.incarnation:
            channel.close()
            return
        self._routes.adopt(consumer, channel, self._on_message)
        self._on_credit(credit)

    def _on_message(self, message: bytes | memoryview) -> None:
        if self.on_feedback is not None and (said := feedback_in(message)) is not None:
            self.on_feedback(said)
            return
        try:
            credit = Credit.from_message(message)
        except CdrError as error:  # anybody may publish here; it must not end the run
            self._node.get_logger().warning(f"not a credit for {self._dds.topic}: {error}")
            return
        self._on_credit(credit)

    def _on_credit(self, credit: Credit) -> None:
        consumer = self._by_name.get(credit.consumer)
        if consumer is None:
            return
        step = self._handshake.answer(consumer, credit)
        if step is Step.GOES_ON:
            self._window.note(consumer, credit)
        elif step is Step.BEGINS:
            self._window.begin(consumer, credit)
        elif step is Step.RETURNS:
            self._routes.choose()
