"""How far the consumers of an output are, and whether they have room for one more item."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.credit import Credit
from dnne_ros.transport.kept_items import KeptItem, KeptItems
from dnne_ros.transport.policy import EdgePolicy


class Window:
    """Counts what was sent against what came of it, and keeps what may be needed again.

    What a lossless consumer has not handled yet is kept, at most its window: a consumer that was
    started again gets it again, and so does one that lacks it for long.
    """

    def __init__(self, consumers: Sequence[Consumer],
                 send_to: Callable[[Consumer, bytes, str], None]):
        """Watch over ``consumers``; ``send_to(consumer, frame, by)`` sends an item again."""
        self._consumers = consumers
        self._send_to = send_to
        self.lossless = [consumer for consumer in consumers if consumer.lossless]
        """Those that must get every item."""
        self._droppable = [consumer for consumer in consumers if not consumer.lossless]
        self._kept = KeptItems(consumers)
        self.sent = 0
        """The number of the last item."""
        self.sent_before = 0
        """The number of the last item that the producer before this one may have sent."""
        self.room_until: float = min((c.capacity for c in self.lossless), default=math.inf)
        """The number of the last item that all lossless consumers have room for."""
        self.stores = 0
        """Which stores all reach that are there, the first as bit 0."""
        self.on_room: Callable[[], None] | None = None
        """Called when a consumer may have room again."""
        self.handled: float = 0
        """Up to which item all lossless consumers that are there are through."""
        self.on_handled: Callable[[], None] | None = None
        """Called when they may be through with more."""
        self._anyone_absent = False
        for consumer in consumers:
            consumer.sent_so_far = lambda: self.sent

    def note_wait(self, waiting: bool) -> None:
        """Note that the sender waits, as far as it is for a consumer here that is full."""
        for consumer in self.lossless:
            if waiting and self.sent >= consumer.room_until(self.sent):
                consumer.counts.block()
            else:
                consumer.counts.unblock()

    def may_store(self) -> bool:
        """Tell whether one more message may lie in a store.

        A consumer that drops is not waited for: what it has not read in time goes as a frame.
        """
        return not any(consumer.bytes_full for consumer in self._droppable)

    def add(self, item: KeptItem) -> None:
        """Count and keep the next item; it is about to be sent."""
        self._kept.add(item)
        if item.size or self._anyone_absent:
            self._count_bytes(item)

    def begin(self, consumer: Consumer, credit: Credit) -> None:
        """Count for a consumer that listens from now on, and send it what it has missed."""
        consumer.received, consumer.taken = credit.received, credit.taken
        consumer.handled = credit.handled
        self._kept.retire_loans(consumer)  # of the one before, which may still be there
        consumer.loans = credit.loans
        consumer.stores = credit.stores
        consumer.bytes_to_take = self._kept.bytes_between(consumer, consumer.got, self.sent)
        consumer.may_repeat = False
        self._send_again(consumer, credit.received, self.sent)
        if consumer.policy is EdgePolicy.LATEST and (newest := self._kept.newest()) is not None:
            self._send_to(consumer, newest.frame, newest.by)
        self._progressed()

    def note(self, consumer: Consumer, credit: Credit) -> None:
        """Note how far a consumer has come; beyond what was ever sent, that is no word.

        One that was started again, too, may come to know only now that it is farther than this
        producer, which makes again what the one before it had sent.
        """
        if credit.received > max(self.sent, self.sent_before, consumer.received):
            return
        before = consumer.got
        if credit.handled >= consumer.handled:  # else it knows nothing of later loans
            consumer.loans = credit.loans
        consumer.received = max(consumer.received, credit.received)
        consumer.taken = max(consumer.taken, credit.taken)
        consumer.handled = max(consumer.handled, credit.handled)
        if consumer.bytes_to_take:
            consumer.bytes_to_take -= self._kept.bytes_between(consumer, before, consumer.got)
        if consumer.lossless:
            self._go_on_again(consumer)
            self._repeat_what_went_astray(consumer)
        self._progressed()

    def drop(self, consumer: Consumer) -> None:
        """Go on without a consumer that is gone."""
        consumer.absent = True
        self._kept.retire(consumer)
        consumer.counts.dropped += self.sent - consumer.received
        consumer.counts.unblock()
        self._progressed()

    def _count_bytes(self, item: KeptItem) -> None:
        """Note who has so many bytes more to take, and who gets nothing."""
        changed = self._anyone_absent
        for consumer in self._consumers:
            if consumer.absent:
                consumer.counts.dropped += 1
            elif item.number > consumer.got and (consumer.lossless or item.stored is not None):
                consumer.bytes_to_take += item.size
                changed = changed or consumer.bytes_full
        if changed:
            self._progressed()

    def _repeat_what_went_astray(self, consumer: Consumer) -> None:
        """Send again what a consumer still lacks long after it was sent.

        DDS repeats what is lost; but it gives up a peer that has slept for long.
        """
        now = time.monotonic()
        lacking, sent, since = consumer.stalled
        if consumer.received >= self.sent:
            consumer.stalled = (-1, 0, 0.0)
        elif lacking != consumer.received:
            consumer.stalled = (consumer.received, self.sent, now)
        elif now - since >= consumer.repeat_after:
            self._send_again(consumer, lacking, sent)
            consumer.stalled = (consumer.received, self.sent, now)

    def _send_again(self, consumer: Consumer, after: int, last: int) -> None:
        """Send one consumer the kept items from behind ``after`` to ``last``, step by step."""
        if consumer.lossless:
            consumer.again, consumer.again_until = after, last
            self._go_on_again(consumer)

    def _go_on_again(self, consumer: Consumer) -> None:
        """Send again as much as a consumer holds beyond what it has received.

        What it has not handled may be far more: then the first of it would be gone from DDS'
        history before it was read, and what comes too early is not kept.
        """
        last = min(consumer.again_until, consumer.received + consumer.capacity)
        if last > consumer.again:
            for item in self._kept.items(max(consumer.again, consumer.received), last):
                self._send_to(consumer, item.frame, item.by)
            consumer.again = last

    def _progressed(self) -> None:
        self.handled = self._kept.forget(self.sent)
        self.stores = -1
        self._anyone_absent = False
        for consumer in self._consumers:
            if consumer.absent:
                self._anyone_absent = True
            else:
                self.stores &= consumer.stores
        self.room_until = min((consumer.room_until(self.sent) for consumer in self.lossless),
                              default=math.inf)
        if self.on_room is not None:
            self.on_room()
        if self.on_handled is not None:
            self.on_handled()
