"""The receiving end of an edge at a planned consumer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from dnne_ros.transport.arrivals import Arrivals
from dnne_ros.transport.credit import REPORTS_PER_WINDOW, Credit
from dnne_ros.transport.frame import HEAD_SIZE, LARGE_FROM, Frame, FrameKind
from dnne_ros.transport.inbox import Gathering, make_inbox
from dnne_ros.transport.input_loans import InputLoans
from dnne_ros.transport.lasting_counts import LastingCounts
from dnne_ros.transport.lineage import Lineage
from dnne_ros.transport.policy import EdgePolicy, WhenAbsent
from dnne_ros.transport.process_endpoint import ProcessEndpoint
from dnne_ros.transport.producer_connection import ProducerConnection
from dnne_ros.transport.received_item import ReceivedItem
from dnne_ros.transport.stats import EdgeStats
from dnne_ros.transport.tails import Tails
from dnne_ros.transport.terms import Terms
from dnne_ros.transport.watermark import Watermark

if TYPE_CHECKING:
    from rclpy.node import Node

_SAMPLE_EVERY = 16
_INLINE = int(FrameKind.INLINE)
_TELL_BYTES, _REPORT_BYTES = 2**18, 2**20
"""Of so many bytes of large items their producer hears with what goes to it next, or in a while;
of more at once, as it waits for the memory.  Of less it hears with the next word."""


class RemoteReader:
    """Takes items in order, counts gaps, and gives credit for what was received and taken.

    An item counts as handled when its node asks for the next: if the node dies before, the
    producer has the item still.
    """

    def __init__(self, node: Node, name: str, topic: str, decode: Callable[[Any], Any],
                 endpoint: ProcessEndpoint, policy: EdgePolicy, capacity: int, window: int,
                 priority: Callable[[Any], float] | None = None, process: str = "",
                 when_absent: WhenAbsent = WhenAbsent.WAIT, same_clock: bool = True):
        """Subscribe ``node``, for the input ``name`` (``ppo_trainer_6/reward``).

        ``topic`` is the public topic of the output, ``decode`` makes a value of a serialised
        message, ``endpoint`` is the process' own, ``window`` the largest capacity of the output's
        edges.  ``priority(value)`` orders what waits, ``process`` is where the producer lives,
        ``same_clock``: on this machine.
        """
        self.policy = policy
        self.capacity = capacity
        self.process = process
        self.when_absent = when_absent
        self._stats = EdgeStats(same_clock=same_clock)
        self._carried = self._stats.carried
        self._name = name
        self._run = endpoint.run
        self._decode = decode
        self._lossless = policy is EdgePolicy.LOSSLESS
        self._eager = priority is not None
        self._arrivals = Arrivals(self._lossless, self._stats, self._accept, window)
        self._taken = Watermark()
        self._handled = Watermark()
        self._finish: Callable[[int], None] = self._handled.add
        self._lineage: Lineage | None = None
        self._lasting: LastingCounts | None = None
        self._port = ""
        self._told_handled = 0
        self._any_large = False
        self._in_hand: list[int] = []
        self._loans = InputLoans()
        self._holds = False
        self._settling = 0
        self._reported = 0
        self._report_every = max(1, capacity // REPORTS_PER_WINDOW)
        self._large_in_hand = False
        self._unreported_bytes = 0
        self._said = b""
        self.number = 0
        """The number of the item taken last, as its producer counts, from 1."""
        self.tails = Tails()
        """What came along with items."""
        self._inbox = make_inbox(
            policy, capacity, self._stats,
            priority=None if priority is None else lambda item: priority(item.value))
        self.waiting = self._inbox.span
        self._gathering = Gathering(self._take_for_batch)
        self._connection = ProducerConnection(
            node, name, topic, window, endpoint,
            self._arrivals.receive if self._lossless else self._receive_droppable,
            self._on_welcome, self._report)
        self.send_feedback = self._connection.send_feedback

    @property
    def stats(self) -> EdgeStats:
        """Return the counters as they are now."""
        self._stats.depth = len(self._inbox)
        return self._stats

    @property
    def transport(self) -> str:
        """Return what has carried the items; before the first, what would carry it."""
        return self._stats.transport(self._connection.channel)

    @property
    def connected(self) -> bool:
        """Tell whether the producer has said what to expect, and where to go on is known."""
        return self._connection.stream != 0 and (self._lineage is None or self._lineage.ready)

    def join(self, lineage: Lineage, port: str) -> None:
        """Let an item count as handled when all that the node made of it is."""
        self._lineage, self._port = lineage, port
        self._finish = partial(lineage.finish, port, self._on_handled)
        lineage.join(port, lambda: self._settling if self._holds else self._taken.done,
                     self._skip_until)

    def hold(self) -> None:
        """Let `settle_round` say when an item is handled: several are worked on at a time."""
        self._holds = True

    def keep_counts(self, lasting: LastingCounts) -> None:
        """Go on with what the processes before this one counted, and count for the next.

        To be called before the first `announce`.
        """
        self._lasting = lasting
        self._stats.duplicated = lasting.duplicated
        if not self._lossless:
            self._stats.received = lasting.received
        if self.policy is EdgePolicy.DROP_OLDEST:
            self._arrivals.expect(lasting.had + 1)

    @property
    def awaited(self) -> bool:
        """Tell whether somebody waits for an item."""
        return self._inbox.awaited

    def notify_channel_lost(self, call: Callable[[], None]) -> None:
        """Call ``call()`` when what `send_feedback` sent last may be lost."""
        self._connection.on_channel_lost = call

    def announce(self) -> None:
        """Tell the producer that this consumer is there, and how far it has come.

        To be called often until `connected`, and then about once a second: what it lacks is sent
        again.
        """
        if self._connection.has_producer:
            self._report()

    async def get(self, timeout: float | None = None) -> Any:
        """Return the next value; TimeoutError when none came within ``timeout`` seconds."""
        if self._in_hand and not self._holds:
            self._finish_items()
        if self._gathering.items:
            return self._gathering.pop()
        return self._value(await self._inbox.take(timeout))

    async def get_batch(self, max_items: int, timeout: float | None = None) -> list[Any]:
        """Return ``max_items`` values, or those that came within ``timeout`` seconds."""
        if self._in_hand:
            self._finish_items()
        return await self._gathering.batch(max_items, timeout)

    def close(self) -> None:
        """Close the channel to the producer."""
        self._connection.close()

    async def _take_for_batch(self, timeout: float | None) -> Any:
        item = await self._inbox.take(timeout)
        if item.large and self._lossless:
            self._taken.add(item.number)
            value = self._value(item)
            self._report_memory(for_room=True)  # a batch may be larger than what may be under way
            return value
        return self._value(item)

    def _finish_items(self) -> None:
        """Note that the node is through with what it took."""
        for number in self._in_hand:
            self._finish(number)
        self._in_hand.clear()
        self._tell_of_large()

    def _tell_of_large(self) -> None:
        if self._large_in_hand:
            self._large_in_hand = self._holds
            # Its producer waits for the memory, if it has not heard yet.
            if (self._reported, self._told_handled) != (self._taken.done, self._handled.done):
                self._report_memory()

    def _value(self, item: ReceivedItem) -> Any:
        number = self.number = item.number
        if self._lasting is not None:
            self._count_taken(number, self._lasting)
        if number % _SAMPLE_EVERY == 0:
            self._stats.took(max(0.0, (time.time_ns() - item.stamp_ns) * 1e-9))
        if self._lossless:
            self._in_hand.append(number)
            if item.large:
                self._large_in_hand = self._any_large = True
            self._taken.add(number)
            if self._taken.done - self._reported >= self._report_every:
                self._report()
        if self._eager:
            self._unreported_bytes += _REPORT_BYTES * item.large
            return item.value
        message = item.message if item.fetch is None else self._fetched(item, item.fetch)
        if item.large and message is not None:
            self._unreported_bytes += len(message)
        return self._decode(message)

    def _fetched(self, item: ReceivedItem, fetch: Callable[[], memoryview]) -> memoryview:
        """Return a message that lies in a store: there, or a copy."""
        if self._loans:  # the node is about to let go of what it took before
            self._connection.owe(self._news)
        message = self._loans.lend(item)
        return fetch() if message is None else message

    def _count_taken(self, number: int, lasting: LastingCounts) -> None:
        if number <= lasting.had:  # so it was taken before, or given up for a later one
            self._stats.duplicated += 1
            if not self._lossless:
                self._stats.received -= 1
        lasting.note(number, self._stats.received, self._stats.duplicated)

    def _on_welcome(self, frame: Frame, terms: Terms) -> None:
        """Begin with a producer, or with one that takes the place of another."""
        connection, first = self._connection, self._arrivals.next
        if frame.stream == connection.stream and frame.number <= first:
            return
        if connection.stream == 0:
            if self._lossless:
                self._stats.received = max(0, frame.number - first)  # by who was here before
        elif frame.stream != connection.stream:
            self._loans.give_up()
            self._stats.lost += max(0, frame.number - first)
        self._taken.skip(first, frame.number)
        self._handled.skip(first, frame.number)
        self._arrivals.expect(frame.number)
        connection.listen_to(frame.stream, terms)
        if self._lineage is not None:
            self._lineage.begin(self._port, frame.number)

    def _receive_droppable(self, frame: Frame, message: bytes | memoryview, by: str) -> None:
        self._arrivals.receive(frame, message, by)
        if frame.kind != _INLINE or len(message) >= LARGE_FROM:
            self._report_memory()

    def _on_handled(self, number: int) -> None:
        """Note that all that the node made of an item is handled."""
        self._handled.add(number)
        if self._handled.done - self._told_handled >= self._report_every:
            self._report()
        elif self._any_large:
            self._report_memory()

    def _skip_until(self, number: int) -> None:
        """Be done with all items up to ``number``; the node has not begun yet."""
        first = self._arrivals.next
        self._stats.received += max(0, number - self._taken.done)  # by the one before
        self._inbox.drop_first(max(0, len(self._inbox) - max(0, first - 1 - number)))
        self._taken.skip(self._taken.done + 1, number + 1)
        self._handled.skip(self._handled.done + 1, number + 1)
        self._arrivals.expect(number + 1)

    def _accept(self, frame: Frame, message: bytes | memoryview, by: str) -> None:
        if frame.kind == _INLINE:
            item = ReceivedItem(frame.number, frame.stamp_ns,
                                memoryview(message)[HEAD_SIZE:frame.end], None,
                                len(message) >= LARGE_FROM)
        else:
            by, fetch, lend = self._connection.find(frame, message)
            if self._lossless:
                item = ReceivedItem(frame.number, frame.stamp_ns, None, fetch, True, lend)
            else:  # its producer uses the memory again
                body = fetch()
                item = ReceivedItem(frame.number, frame.stamp_ns, body, None, True)
                self._unreported_bytes += len(body)
        if frame.tail:
            self.tails.put(frame.number, bytes(message[frame.end:frame.end + frame.tail]))
        if self._eager:
            item.decode(self._decode)
        self._carried[by] += 1
        self._inbox.offer(item)

    def _report_memory(self, *, for_room: bool = False) -> None:
        """Tell a producer that waits for memory, or room, how far the consumer has come."""
        if self._unreported_bytes >= _REPORT_BYTES and (for_room or self._frees_memory()):
            self._report()
        elif self._unreported_bytes >= _TELL_BYTES:
            self._connection.owe(self._news)

    def _frees_memory(self) -> bool:
        """Tell whether a credit would give memory back: of what is handled, or no more lent."""
        return not self._lossless or self._loans.let_go() or not self._loans.are_all(
            range(self._told_handled + 1, self._handled.done + 1))

    def _report(self) -> None:
        self._said = self._credit()
        self._connection.send(self._said)

    def _news(self) -> bytes:
        """Return the credit; nothing, if it says what was said last."""
        said, self._said = self._said, self._credit()
        return b"" if self._said == said else self._said

    def _credit(self) -> bytes:
        """Return the credit as things are now; they count as reported."""
        received = self._arrivals.next - 1
        if self._lasting is not None and not self._lossless:
            received = max(received, self._lasting.had)  # the latest value comes once more
        self._reported, self._told_handled = self._taken.done, self._handled.done
        self._unreported_bytes = 0
        self._loans.let_go()
        taken, handled = (self._taken.done, self._handled.done) if self._lossless \
            else (received, received)
        connection = self._connection
        return Credit(
            self._name, self._run, connection.incarnation, connection.heard, connection.stream,
            received, taken, handled, connection.stores_reached, self._loans.numbers
        ).to_message()


def settle_round(items: Mapping[RemoteReader, int]) -> None:
    """Note that a node is through with a round: by reader, which `hold` s, the item's number.

    Rounds whose outputs are made again after a death (`Lineage`) are settled in their order.
    """
    for reader, number in items.items():
        reader._settling = number
    for reader, number in items.items():
        if number in reader._in_hand:  # what may be dropped is not kept for anybody
            reader._finish(number)
            reader._in_hand.remove(number)
            reader._tell_of_large()
