"""What a producer keeps of the items that it has sent to other processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.shared_memory import Slot, SlotPool


class KeptItem:
    """A frame that somebody may need again, or whose message lies in a slot until it is read.

    ``size`` in bytes counts for large items only, and is 0 for others.
    """

    __slots__ = ("number", "frame", "slot", "size", "uses")

    def __init__(self, number: int, frame: bytes, slot: Slot | None, size: int):
        """Be in nobody's use yet."""
        self.number = number
        self.frame = frame
        self.slot = slot
        self.size = size
        self.uses = 0


class KeptItems:
    """Items until every lossless consumer has handled them, and slots until they are read."""

    def __init__(self, consumers: Iterable[Consumer], pool: SlotPool):
        """Keep for ``consumers``; give slots back to ``pool``."""
        consumers = tuple(consumers)
        self._pool = pool
        self._lossless = [consumer for consumer in consumers if consumer.lossless]
        self._droppable = [consumer for consumer in consumers if not consumer.lossless]
        self._keeps_newest = any(consumer.policy is EdgePolicy.LATEST for consumer in consumers)
        self._items: deque[KeptItem] = deque()
        self._lent: deque[KeptItem] = deque()  # slots that droppable consumers may still read
        self._newest: KeptItem | None = None

    def add(self, item: KeptItem) -> None:
        """Keep an item for whoever may need it."""
        if self._lossless:
            self._items.append(item)
            item.uses = 1
        if not self._droppable:
            return
        if item.slot is not None:
            self._lend(item)
        if self._keeps_newest:
            item.uses += 1
            if self._newest is not None:
                self._release(self._newest)
            self._newest = item

    def newest(self) -> bytes | None:
        """Return the frame of the newest item for one more consumer of the latest value."""
        if self._newest is None:
            return None
        if self._newest.slot is not None and self._newest not in self._lent:
            self._lend(self._newest)
        return self._newest.frame

    def frames(self, after: int, last: int) -> list[bytes]:
        """Return the frames of the items from behind ``after`` to ``last``."""
        return [item.frame for item in self._items if after < item.number <= last]

    def bytes_between(self, consumer: Consumer, after: int, last: int) -> int:
        """Return how many bytes of large items a consumer takes from ``after`` to ``last``."""
        held = self._items if consumer.lossless else self._lent
        return sum(item.size for item in held if after < item.number <= last)

    def never_use_again(self, consumer: Consumer) -> None:
        """See that a consumer that is gone finds its slots as they are, should it wake."""
        for item in (*self._items, *self._lent):
            if item.slot is not None and item.number > consumer.done_with:
                item.slot.reusable = False

    def forget(self, sent: int) -> None:
        """Let go of what everybody is done with; ``sent`` is the last item's number."""
        for consumers, held in ((self._lossless, self._items), (self._droppable, self._lent)):
            done = min((consumer.done_with for consumer in consumers if not consumer.absent),
                       default=sent)
            while held and held[0].number <= done:
                self._release(held.popleft())

    def _lend(self, item: KeptItem) -> None:
        item.uses += 1
        self._lent.append(item)

    def _release(self, item: KeptItem) -> None:
        item.uses -= 1
        if item.uses == 0 and item.slot is not None:
            self._pool.give_back(item.slot)
