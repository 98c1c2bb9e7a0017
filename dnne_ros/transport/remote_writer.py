"""The sending end of an edge to consumers in other processes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from rclpy.event_handler import SubscriptionEventCallbacks
from std_msgs.msg import UInt8MultiArray, UInt64MultiArray

from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.credit import Credit, credit_qos, credit_topic, link_topic
from dnne_ros.transport.frame import (
    EVERYBODY,
    SHARED_FROM,
    FrameKind,
    pack_head,
    pack_slot,
    readdressed,
)
from dnne_ros.transport.kept_items import KeptItem, KeptItems
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.process_endpoint import ProcessEndpoint
from dnne_ros.transport.qos import link_qos
from dnne_ros.transport.shared_memory import Slot
from dnne_ros.transport.unix_channel import MAX_PACKET, UnixChannel

if TYPE_CHECKING:
    from rclpy.node import Node

_REPEAT_SECONDS = 1.0
_GREET_SECONDS = 0.05


class RemoteWriter:
    """Sends numbered frames and keeps each lossless consumer within its window.

    What a lossless consumer has not handled yet is kept, at most its window: a consumer that was
    started again gets it again, and what went astray is sent again.
    """

    transport = "dds"

    def __init__(self, node: Node, topic: str, consumers: Iterable[Consumer],
                 exchange: ProcessEndpoint, resumes: bool = False):
        """Send to the planned ``consumers`` of the output with the public ``topic``.

        ``exchange`` is the process' own.  ``resumes``: after a restart, the node goes on with the
        first item that not every consumer has (`delivered`); otherwise what it sends is new.
        """
        self._node = node
        self._pool = exchange.pool
        self._hub = exchange.hub
        self._run = exchange.run
        self._resumes = resumes
        self._consumers = {consumer.name: consumer for consumer in consumers}
        for consumer in self._consumers.values():
            consumer.sent_so_far = lambda: self._sent
            exchange.expect(consumer.name, self.take_link)
        self._lossless = [consumer for consumer in self._consumers.values()
                          if consumer.lossless]
        self._droppable = [consumer for consumer in self._consumers.values()
                           if not consumer.lossless]
        self._stream = time.time_ns()  # a later one takes the place of an earlier
        self.replaced = False
        """A consumer listens to a later producer of the same name."""
        self._base: int | None = None
        self._sent = 0
        self._kept = KeptItems(self._consumers.values(), self._pool)
        self._linked: list[Consumer] = []
        self._shares_memory = False
        self._anyone_absent = False
        self._room_until: float = min((c.capacity for c in self._lossless), default=math.inf)
        self._on_room: Callable[[], None] | None = None
        capacity = max((c.capacity for c in self._consumers.values()), default=1)
        self._publisher = node.create_publisher(
            UInt8MultiArray, link_topic(topic), link_qos(capacity))
        silent = SubscriptionEventCallbacks(use_default_callbacks=False)
        node.create_subscription(
            UInt64MultiArray, credit_topic(topic), self._on_credit,
            credit_qos(writers=len(self._consumers)), raw=True, event_callbacks=silent)

    @property
    def consumers(self) -> Iterable[Consumer]:
        """Return the planned consumers with their counters."""
        return self._consumers.values()

    @property
    def lossless(self) -> bool:
        """Tell whether a consumer must get every item."""
        return bool(self._lossless)

    @property
    def delivered(self) -> int:
        """Return how many items each consumer had when this process was started again.

        0 in a fresh run.  Known once nobody is `missing`.
        """
        return self._base or 0

    def missing(self) -> list[str]:
        """Return the names of planned consumers that do not listen to this producer yet."""
        return [consumer.name for consumer in self._consumers.values()
                if consumer.stream != self._stream]

    def notify_room(self, on_room: Callable[[], None]) -> None:
        """Call ``on_room`` when a consumer may have room again."""
        self._on_room = on_room

    @property
    def full(self) -> bool:
        """Tell whether a sender must wait for a lossless consumer."""
        return self._sent >= self._room_until

    def note_wait(self, waiting: bool) -> None:
        """Note that the sender waits, as far as it is for a consumer here that is full."""
        for consumer in self._lossless:
            if waiting and self._sent >= consumer.room_until(self._sent):
                consumer.counts.block()
            else:
                consumer.counts.unblock()

    def send(self, parts: Sequence[bytes | memoryview]) -> None:
        """Send a message, given in parts; the sender has made sure that nobody is `full`."""
        self._sent += 1
        size = len(parts[0]) if len(parts) == 1 else sum(map(len, parts))
        slot = self._slot_for(size) if size >= SHARED_FROM else None
        kind, body, body_size = FrameKind.INLINE, parts, size
        if slot is not None:
            where = pack_slot(slot.name, 0, slot.write(parts))
            kind, body, body_size = FrameKind.SLOT, (where,), len(where)
        frame = b"".join((pack_head(
            kind, 0, self._stream, self._sent, time.time_ns(), body_size), *body))
        self._kept.add(KeptItem(self._sent, frame, slot, size if size >= SHARED_FROM else 0))
        if size >= SHARED_FROM or self._anyone_absent:
            self._count_bytes(0 if size < SHARED_FROM else size, slot is not None)
        self._publish(frame)

    def take_link(self, link: UnixChannel, credit: bytes) -> None:
        """Use the link that a consumer has made; ``credit`` is the first that came on it."""
        said = Credit.from_message(credit)
        consumer = self._consumers[said.consumer]
        if said.incarnation < consumer.incarnation:
            link.close()
            return

        def closed() -> None:
            if consumer.link is link:
                consumer.link = None
                self._count_links()

        if consumer.link is not None:
            consumer.link.close()
        link.on_packet = self._on_credit
        link.on_closed = closed
        consumer.link = link
        self._count_links()
        self._on_credit(credit)

    def drop(self, consumer: Consumer) -> None:
        """Go on without a consumer that is gone; it is welcome again when it is heard of."""
        consumer.absent = True
        if consumer.link is not None:
            consumer.link.forget_waiting()
        self._kept.never_use_again(consumer)
        consumer.counts.dropped += self._sent - consumer.received
        consumer.counts.unblock()
        self._progressed()

    def _publish(self, frame: bytes) -> None:
        """Send a frame to all: on their links, and through DDS to those that have none."""
        if len(frame) <= MAX_PACKET:
            for consumer in self._linked:
                if consumer.link and not consumer.absent:  # what it does not read would pile up
                    consumer.counts.dropped += consumer.link.send(
                        frame, 0 if consumer.lossless else consumer.capacity)
            if len(self._linked) < len(self._consumers):
                self._publisher.publish(frame)
        else:
            self._publisher.publish(readdressed(frame, EVERYBODY))

    def _send_to(self, consumer: Consumer, frame: bytes) -> None:
        if consumer.link is not None and len(frame) <= MAX_PACKET:
            consumer.link.send(frame)
        else:
            self._publisher.publish(readdressed(frame, consumer.incarnation))

    def _count_links(self) -> None:
        self._linked = [consumer for consumer in self._consumers.values()
                        if consumer.link is not None]

    def _slot_for(self, size: int) -> Slot | None:
        # One that drops is not waited for: what it has not read in time goes through DDS.
        if not self._shares_memory or any(consumer.bytes_full for consumer in self._droppable):
            return None
        return self._pool.take(size)

    def _count_bytes(self, size: int, in_slot: bool) -> None:
        """Note who has ``size`` bytes more to take, and who gets nothing."""
        for consumer in self._consumers.values():
            if consumer.absent:
                consumer.counts.dropped += 1
            elif consumer.lossless or in_slot:
                consumer.bytes_to_take += size
        self._progressed()

    def _on_credit(self, message: bytes) -> None:
        try:
            credit = Credit.from_message(message)
        except CdrError as error:  # anybody may publish here; it must not end the run
            self._node.get_logger().warning(
                f"not a credit for {self._publisher.topic_name}: {error}")
            return
        consumer = self._consumers.get(credit.consumer)
        if consumer is None or credit.run != self._run \
                or credit.incarnation < max(consumer.incarnation, 1):
            return
        if credit.heard > self._stream:
            self.replaced = True
            return
        if credit.incarnation != consumer.incarnation:
            self._meet(consumer, credit)
        if credit.heard != self._stream:
            self._greet(consumer, FrameKind.HELLO)
        elif credit.stream != self._stream:
            self._welcome(consumer, credit)
        elif consumer.stream != self._stream or consumer.absent:
            self._begin(consumer, credit)
        else:
            self._take_note(consumer, credit)

    def _meet(self, consumer: Consumer, credit: Credit) -> None:
        """Hear of a consumer's (new) incarnation for the first time."""
        if consumer.stream == self._stream:  # it replaces one that we knew
            consumer.may_repeat = consumer.lossless and not consumer.absent
            consumer.first = self._next_for(consumer)
            consumer.stream = 0
        consumer.incarnation = credit.incarnation
        consumer.greeted_at = 0.0

    def _next_for(self, consumer: Consumer) -> int:
        """Return the number that a consumer begins with which takes another's place."""
        if consumer.may_repeat:
            return consumer.handled + 1
        # The latest value is one that was sent already.
        return self._sent + (consumer.policy is not EdgePolicy.LATEST)

    def _welcome(self, consumer: Consumer, credit: Credit) -> None:
        """Tell a consumer what to expect, once all have said how far they have come."""
        if self._base is not None:
            self._greet(consumer, FrameKind.WELCOME)
            return
        if credit.stream != 0:  # we replace the one that it listened to
            consumer.received = credit.received
            consumer.had_another = True
        consumer.acknowledged = True
        if all(known.acknowledged for known in self._consumers.values()):
            have = [known.received for known in self._consumers.values() if known.had_another]
            self._base = (min if self._resumes else max)(have, default=0)
            self._sent = self._base
            for known in self._consumers.values():
                known.first = self._base + 1
                known.taken = self._base
                known.greeted_at = 0.0
                self._greet(known, FrameKind.WELCOME)

    def _greet(self, consumer: Consumer, kind: FrameKind) -> None:
        """Say hello or welcome; again and again, as a consumer may not be matched yet."""
        now = time.monotonic()
        if now - consumer.greeted_at < _GREET_SECONDS:
            return
        consumer.greeted_at = now
        repeated_until = self._sent if consumer.may_repeat else 0
        body = pack_slot(f"{self._run} {self._pool.beacon} {self._hub.address} {repeated_until} "
                         f"{consumer.duplicated}", 0, 0)
        self._publisher.publish(pack_head(
            kind, consumer.incarnation, self._stream, consumer.first, 0, len(body)) + body)

    def _begin(self, consumer: Consumer, credit: Credit) -> None:
        """Send a consumer that listens from now on what it has missed."""
        if consumer.absent:  # it slept, and what it missed is dropped
            consumer.absent = False
            if consumer.stream == self._stream:
                consumer.counts.dropped -= credit.received - consumer.received
            consumer.first = self._sent + 1
            consumer.may_repeat = False
            consumer.stream = 0
            consumer.greeted_at = 0.0
            self._greet(consumer, FrameKind.WELCOME)
            return
        if credit.received < consumer.first - 1:
            return  # said before the welcome
        consumer.stream = self._stream
        consumer.received, consumer.taken = credit.received, credit.taken
        consumer.handled = credit.handled
        consumer.shares_memory = credit.shares_memory
        consumer.bytes_to_take = self._kept.bytes_between(consumer, consumer.got, self._sent)
        consumer.duplicated = credit.duplicated
        consumer.may_repeat = False
        self._send_again(consumer, credit.received, self._sent)
        if consumer.policy is EdgePolicy.LATEST and (newest := self._kept.newest()) is not None:
            self._send_to(consumer, newest)
        self._progressed()

    def _take_note(self, consumer: Consumer, credit: Credit) -> None:
        """Note how far a consumer has come."""
        before = consumer.got
        consumer.received = max(consumer.received, credit.received)
        consumer.taken = max(consumer.taken, credit.taken)
        consumer.handled = max(consumer.handled, credit.handled)
        consumer.duplicated = max(consumer.duplicated, credit.duplicated)
        if consumer.bytes_to_take:
            consumer.bytes_to_take -= self._kept.bytes_between(consumer, before, consumer.got)
        if consumer.lossless:
            self._repeat_what_went_astray(consumer)
        self._progressed()

    def _repeat_what_went_astray(self, consumer: Consumer) -> None:
        """Send again what a consumer still lacks long after it was sent.

        DDS repeats what is lost; but it gives up a peer that has slept for long.
        """
        now = time.monotonic()
        lacking, sent, since = consumer.stalled
        if consumer.received >= self._sent:
            consumer.stalled = (-1, 0, 0.0)
        elif lacking != consumer.received:
            consumer.stalled = (consumer.received, self._sent, now)
        elif now - since >= _REPEAT_SECONDS:
            self._send_again(consumer, lacking, sent)
            consumer.stalled = (consumer.received, self._sent, now)

    def _send_again(self, consumer: Consumer, after: int, last: int) -> None:
        """Send the kept items from ``after`` to ``last`` to one consumer."""
        if consumer.lossless:
            for frame in self._kept.frames(after, last):
                self._send_to(consumer, frame)

    def _progressed(self) -> None:
        self._kept.forget(self._sent)
        self._shares_memory = bool(self._pool.beacon) and all(
            consumer.shares_memory or consumer.absent for consumer in self._consumers.values())
        self._anyone_absent = any(consumer.absent for consumer in self._consumers.values())
        self._room_until = min((consumer.room_until(self._sent) for consumer in self._lossless),
                               default=math.inf)
        if self._on_room is not None:
            self._on_room()
