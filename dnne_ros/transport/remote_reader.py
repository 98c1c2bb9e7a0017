"""The receiving end of an edge at a planned consumer."""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy.event_handler import SubscriptionEventCallbacks
from std_msgs.msg import UInt8MultiArray, UInt64MultiArray

from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.credit import (
    REPORTS_PER_WINDOW,
    Credit,
    credit_qos,
    credit_topic,
    link_topic,
)
from dnne_ros.transport.frame import (
    EVERYBODY,
    HEAD_SIZE,
    SHARED_FROM,
    Frame,
    FrameKind,
    parse_head,
    parse_slot,
)
from dnne_ros.transport.inbox import Gathering, make_inbox
from dnne_ros.transport.policy import EdgePolicy, WhenAbsent
from dnne_ros.transport.process_endpoint import ProcessEndpoint
from dnne_ros.transport.qos import link_qos
from dnne_ros.transport.shared_memory import copy_out
from dnne_ros.transport.stats import EdgeStats
from dnne_ros.transport.unix_channel import UnixChannel, connect
from dnne_ros.transport.watermark import Watermark

if TYPE_CHECKING:
    from rclpy.node import Node

_SAMPLE_EVERY = 16
_INLINE = int(FrameKind.INLINE)


class _Item:
    """An item that waits to be taken.

    ``message`` is the serialised message; or it lies in ``memory``, ``size`` bytes from
    ``start``, until the item is taken.  ``value`` is what it decodes to if that is known already.
    ``large``: its size counts.
    """

    __slots__ = ("number", "stamp_ns", "message", "memory", "start", "size", "value", "error",
                 "large")

    def __init__(self, number: int, stamp_ns: int, message: bytes | memoryview | None,
                 large: bool):
        self.number = number
        self.stamp_ns = stamp_ns
        self.message = message
        self.large = large
        self.memory: mmap.mmap | None = None
        self.start = self.size = 0
        self.value: Any = None
        self.error: Exception | None = None

    def get_value(self) -> Any:
        """Return the value of an item that was decoded when it came; raises what that raised."""
        if self.error is not None:
            raise self.error
        return self.value


class RemoteReader:
    """Takes items in order, counts gaps, and gives credit for what was received and taken.

    An item counts as handled when its node asks for the next: if the node dies before, the
    producer has the item still.
    """

    transport = "dds"

    def __init__(self, node: Node, name: str, topic: str, decode: Callable[[Any], Any],
                 exchange: ProcessEndpoint, policy: EdgePolicy, capacity: int, window: int,
                 priority: Callable[[Any], float] | None = None, process: str = "",
                 when_absent: WhenAbsent = WhenAbsent.WAIT):
        """Subscribe ``node``, for the input ``name`` (``ppo_trainer_6/reward``).

        ``topic`` is the public topic of the output, ``decode`` makes a value of a serialised
        message, ``exchange`` is the process' own, ``window`` the largest capacity of the output's
        edges.  ``priority(value)`` orders what waits, ``process`` is where the producer lives.
        """
        self.policy = policy
        self.capacity = capacity
        self.process = process
        self.when_absent = when_absent
        self._stats = EdgeStats()
        self._node = node
        self._name = name
        self._decode = decode
        self._slots = exchange.slots
        self._lossless = policy is EdgePolicy.LOSSLESS
        self._eager = priority is not None
        self._incarnation = time.time_ns()  # a later one takes the place of an earlier
        self._heard = 0
        self._stream = 0
        self._next = 1
        self._repeated_until = 0
        self._early: dict[int, tuple[Frame, bytes]] = {}
        self._taken = Watermark()
        self._handled = Watermark()
        self._in_hand: list[int] = []
        self._reported = 0
        self._report_every = max(1, capacity // REPORTS_PER_WINDOW)
        self._large_in_hand = False
        self._shares_memory = False
        self._inbox = make_inbox(
            policy, capacity, self._stats,
            priority=None if priority is None else lambda item: priority(item.get_value()))
        self._gathering = Gathering(self._take_for_batch)
        silent = SubscriptionEventCallbacks(use_default_callbacks=False)
        self._subscription = node.create_subscription(
            UInt8MultiArray, link_topic(topic), self._on_dds_message, link_qos(window), raw=True,
            event_callbacks=silent)
        self._credits = node.create_publisher(
            UInt64MultiArray, credit_topic(topic), credit_qos())
        self._files = exchange.files
        self._run = exchange.run
        self._link: UnixChannel | None = None

    @property
    def stats(self) -> EdgeStats:
        """Return the counters as they are now."""
        self._stats.depth = len(self._inbox)
        return self._stats

    @property
    def connected(self) -> bool:
        """Tell whether the producer has said what to expect."""
        return self._stream != 0

    def announce(self) -> None:
        """Tell the producer that this consumer is there, and how far it has come.

        To be called often until `connected`, and then about once a second: what it lacks is sent
        again.
        """
        if self._subscription.handle.get_publisher_count() > 0:
            self._report()

    async def get(self, timeout: float | None = None) -> Any:
        """Return the next value; TimeoutError when none came within ``timeout`` seconds."""
        if self._in_hand:
            self._finish_items()
        if self._gathering:
            return self._gathering.pop()
        return self._value(await self._inbox.take(timeout))

    async def get_batch(self, max_items: int, timeout: float | None = None) -> list[Any]:
        """Return ``max_items`` values, or those that came within ``timeout`` seconds."""
        if self._in_hand:
            self._finish_items()
        return await self._gathering.batch(max_items, timeout)

    async def _take_for_batch(self, timeout: float | None) -> Any:
        item = await self._inbox.take(timeout)
        if item.large and self._lossless:
            self._taken.add(item.number)
            self._report()  # a batch may be larger than what may be on its way
        return self._value(item)

    def _finish_items(self) -> None:
        """Note that the node is through with what it took."""
        for number in self._in_hand:
            self._handled.add(number)
        self._in_hand.clear()
        if self._large_in_hand:  # its producer waits for the memory
            self._large_in_hand = False
            self._report()

    def _value(self, item: _Item) -> Any:
        number = item.number
        if number % _SAMPLE_EVERY == 0:
            self._stats.took(max(0.0, (time.time_ns() - item.stamp_ns) * 1e-9))
        if self._lossless:
            self._in_hand.append(number)
            self._large_in_hand |= item.large
            self._taken.add(number)
            if self._taken.done - self._reported >= self._report_every:
                self._report()
        if self._eager:
            return item.get_value()
        return self._decode(item.message if item.memory is None else copy_out(
            item.memory, item.start, item.size))

    def close(self) -> None:
        """Close the link to the producer."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def _on_dds_message(self, message: bytes) -> None:
        try:
            frame = parse_head(message)
            if frame.receiver not in (self._incarnation, EVERYBODY) \
                    and (frame.receiver or self._link is not None):
                return  # for another consumer, or for those without a link
            if frame.stream < self._heard:
                return  # a producer that was replaced
            if frame.kind in (FrameKind.HELLO, FrameKind.WELCOME):
                run, _, terms = parse_slot(frame, message)[0].partition(" ")
                if int(run) == self._run:
                    self._greeted(frame, terms)
            elif frame.stream == self._stream == self._heard:  # else: a dead one's last words
                self._receive(frame, message)
        except (CdrError, OSError, ValueError) as error:  # anybody may publish here
            self._warn(error)

    def _on_packet(self, packet: bytes) -> None:
        try:
            self._receive(parse_head(packet), packet)
        except (CdrError, OSError, ValueError) as error:  # a slot that is gone: it comes again
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        self._node.get_logger().warning(f"dropped a frame for {self._name}: {error}",
                                        throttle_duration_sec=1.0)

    def _on_link_closed(self) -> None:
        self._link = None
        self._report()  # what went by it last may be lost

    def _greeted(self, frame: Frame, terms: str) -> None:
        if frame.kind == FrameKind.WELCOME:
            self._listen_to(frame, terms)
            return
        self._heard = frame.stream
        self.close()
        self._report()

    def _listen_to(self, frame: Frame, terms: str) -> None:
        """Begin with a producer, or with one that takes the place of another.

        ``terms``: its beacon in shared memory, the address of its link hub, and for a consumer
        that takes another's place, up to which number items may come a second time, and how many
        had before.
        """
        beacon, address, repeated_until, duplicated = terms.split(" ")
        if frame.stream != self._stream or frame.number > self._next:
            gap = max(0, frame.number - self._next)
            if self._stream == 0:
                self._stats.received = gap  # by those that this consumer takes the place of
                self._stats.duplicated = int(duplicated)
                self._repeated_until = int(repeated_until)
                gap = 0
            elif frame.stream != self._stream:
                self._stats.lost += gap
            self._heard = self._stream = frame.stream
            self._taken.skip(self._next, frame.number)
            self._handled.skip(self._next, frame.number)
            self._next = max(self._next, frame.number)
            self._early.clear()
            self._shares_memory = self._slots.can_open(beacon)
            if self._link is None:
                self._link = connect(address, self._files, self._on_packet,
                                     self._on_link_closed)
        self._report()

    def _receive(self, frame: Frame, message: bytes) -> None:
        number = frame.number
        if number == self._next or (number > self._next and not self._lossless):
            self._accept(frame, message)
            self._next = number + 1
            self._stats.duplicated += number <= self._repeated_until
            while self._early and self._next in self._early:
                self._stats.duplicated += self._next <= self._repeated_until
                self._accept(*self._early.pop(self._next))
                self._next += 1
            if not self._lossless and (frame.kind != _INLINE or len(message) >= SHARED_FROM):
                self._report()  # the producer waits for the memory
        elif number > self._next and number not in self._early:
            self._early[number] = (frame, message)
        elif self._lossless:
            self._stats.duplicated += 1

    def _accept(self, frame: Frame, message: bytes) -> None:
        large = len(message) >= SHARED_FROM
        if frame.kind == _INLINE:
            item = _Item(frame.number, frame.stamp_ns, memoryview(message)[HEAD_SIZE:frame.end],
                         large)
        else:
            item = _Item(frame.number, frame.stamp_ns, None, True)
            name, item.start, item.size = parse_slot(frame, message)
            item.memory = self._slots.open(name)
            if self._eager or not self._lossless:
                item.message = copy_out(item.memory, item.start, item.size)
                item.memory = None
        if self._eager:
            try:
                item.value = self._decode(item.message)
            except Exception as error:  # for the node that takes it, not for who brings it
                item.error = error
        self._inbox.offer(item)

    def _report(self) -> None:
        received = self._next - 1
        self._reported = self._taken.done
        taken, handled = (self._taken.done, self._handled.done) if self._lossless \
            else (received, received)
        credit = Credit(
            self._name, self._run, self._incarnation, self._heard, self._stream, received, taken,
            handled, self._stats.duplicated, self._shares_memory).to_message()
        if self._link is None:
            self._credits.publish(credit)
        else:
            self._link.send(credit)
