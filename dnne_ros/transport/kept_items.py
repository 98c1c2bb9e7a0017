"""What a producer keeps of the items that it has sent to other processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from dnne_ros.transport.carrier import Stored
from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.policy import EdgePolicy


class KeptItem:
    """A frame that somebody may need again, or whose message is stored until it is read.

    ``size`` in bytes counts for large items only, and is 0 for others.  ``by`` is the name of the
    store that holds ``stored``, or empty.
    """

    __slots__ = ("number", "frame", "size", "stored", "by", "uses")

    def __init__(self, number: int, frame: bytes, size: int, stored: Stored | None, by: str):
        """Be in nobody's use yet."""
        self.number = number
        self.frame = frame
        self.size = size
        self.stored = stored
        self.by = by
        self.uses = 0


class KeptItems:
    """Items until all lossless consumers have handled them; what is stored until it is read."""

    def __init__(self, consumers: Iterable[Consumer]):
        """Keep for ``consumers``."""
        consumers = tuple(consumers)
        self._lossless = [consumer for consumer in consumers if consumer.lossless]
        self._droppable = [consumer for consumer in consumers if not consumer.lossless]
        self._keeps_newest = any(consumer.policy is EdgePolicy.LATEST for consumer in consumers)
        self._items: deque[KeptItem] = deque()
        self._lent: deque[KeptItem] = deque()  # stored, and droppable consumers may still read
        self._on_loan: list[KeptItem] = []  # done with, but a consumer looks at the memory
        self._newest: KeptItem | None = None

    def add(self, item: KeptItem) -> None:
        """Keep an item for whoever may need it."""
        if self._lossless:
            self._items.append(item)
            item.uses = 1
        if not self._droppable:
            return
        if item.stored is not None:
            self._lend(item)
        if self._keeps_newest:
            item.uses += 1
            if self._newest is not None:
                self._release(self._newest)
            self._newest = item

    def newest(self) -> KeptItem | None:
        """Return the newest item for one more consumer of the latest value."""
        if self._newest is None:
            return None
        if self._newest.stored is not None and self._newest not in self._lent:
            self._lend(self._newest)
        return self._newest

    def items(self, after: int, last: int) -> list[KeptItem]:
        """Return the items from behind ``after`` to ``last``."""
        return [item for item in self._items if after < item.number <= last]

    def bytes_between(self, consumer: Consumer, after: int, last: int) -> int:
        """Return how many bytes of large items a consumer takes from ``after`` to ``last``."""
        held = self._items if consumer.lossless else self._lent
        return sum(item.size for item in held if after < item.number <= last)

    def retire(self, consumer: Consumer) -> None:
        """See that a consumer that is gone finds its messages as they are, should it wake."""
        for item in (*self._items, *self._lent):
            if item.stored is not None and item.number > consumer.done_with:
                item.stored.retire()
        self.retire_loans(consumer)

    def retire_loans(self, consumer: Consumer) -> None:
        """Let go of what a consumer that is gone looks at, such that it stays as it is."""
        for item in (*self._items, *self._on_loan):
            if item.stored is not None and item.number in consumer.loans:
                item.stored.retire()
        consumer.loans = ()

    def forget(self, sent: int) -> int:
        """Let go of what everybody is done with; ``sent`` is the last item's number.

        Returns up to which item the lossless consumers are.
        """
        if self._on_loan:
            on_loan, self._on_loan = self._on_loan, []
            for item in on_loan:
                self._give_back(item)
        handled = self._done(self._lossless, sent)
        for held, done in ((self._items, handled),
                           (self._lent, self._done(self._droppable, sent))):
            while held and held[0].number <= done:
                self._release(held.popleft())
        return handled

    def _done(self, consumers: Iterable[Consumer], sent: int) -> int:
        return min((consumer.done_with for consumer in consumers if not consumer.absent),
                   default=sent)

    def _lend(self, item: KeptItem) -> None:
        item.uses += 1
        self._lent.append(item)

    def _release(self, item: KeptItem) -> None:
        item.uses -= 1
        if item.uses == 0:
            self._give_back(item)

    def _give_back(self, item: KeptItem) -> None:
        """Give back the memory of an item, unless somebody looks at it."""
        if item.stored is None:
            return
        for consumer in self._lossless:
            if item.number in consumer.loans:
                self._on_loan.append(item)
                return
        item.stored.release()
