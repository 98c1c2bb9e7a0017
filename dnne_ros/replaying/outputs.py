"""Where items go that a node sends again: to be compared, and to those that come along."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from dnne_ros.node_api.port_types import PortType
from dnne_ros.recording.recording import Recording
from dnne_ros.replaying.differences import Difference, ItemComparison
from dnne_ros.replaying.feed import NodeFeed
from dnne_ros.replaying.items import Items
from dnne_ros.transport.codecs import codec_for


class HandedOn:
    """Values that no recording holds, from the node that has them to one that takes them."""

    def __init__(self) -> None:
        """Begin without any."""
        self._values: dict[int, Any] = {}
        self._sent = 0
        self.on_sent: Callable[[], None] = lambda: None

    def send(self, value: Any) -> None:
        """Keep a value until it is taken."""
        self._sent += 1
        self._values[self._sent] = value
        self.on_sent()

    def take(self, number: int) -> Any:
        """Return the value of this number; LookupError while it is not there."""
        return self._values.pop(number)


class Checked:
    """Compares what one output gives with what it gave."""

    def __init__(self, node: str, port: str, items: Items, type: PortType,
                 pack: Callable[[Any], Any], tolerance: float, begin_ns: int):
        """Compare with ``items``; ``pack`` makes of a value what a message of ``type`` carries."""
        self.node = node
        self.port = port
        self.compared = 0
        self.different = 0
        self.first: Difference | None = None
        self.on_item: Callable[[bytes], object] = lambda message: None
        """Called with each item's message."""
        self._items = items
        codec = codec_for(type.sent_as())
        self._encode = codec.encode
        self._pack = pack
        self._comparison = ItemComparison(codec_for(type.sent_as()), tolerance)
        self._begin_ns = begin_ns

    def check(self, number: int, value: Any) -> bool:
        """Compare an item; false if the recording ends before it."""
        message = self._items.find(number)
        if message is None:  # it is the end, or was left out with --record-drop
            return not self._items.over
        self.compared += 1
        given = self._encode(self._pack(value))
        self.on_item(given)
        found = self._comparison.first_difference(message.data, given)
        if found is not None:
            self._differ(number, message.time_ns, *found)
        return True

    def miss(self, number: int, time_ns: int) -> None:
        """Note that an item was not sent again."""
        self.compared += 1
        self._differ(number, time_ns, "", "an item", "none")

    def _differ(self, number: int, time_ns: int, element: str, recorded: str, found: str) -> None:
        self.different += 1
        if self.first is None:
            self.first = Difference(self.node, self.port, number, element, recorded, found,
                                    (time_ns - self._begin_ns) * 1e-9)


class Output:
    """An output of a node that is replayed."""

    def __init__(self, recording: Recording, node: str, port: str, place: int, type: PortType,
                 feed: NodeFeed, checked: Checked | None):
        """Give what is sent to ``checked``, if its items are recorded."""
        self.consumers: list[HandedOn] = []
        """Those that come along and take from it."""
        self.newest: Any = None
        self.sent = 0
        self._place = place
        self._type = type
        self._feed = feed
        self._checked = checked
        self._own = recording.holds(node, port)

    async def send(self, value: Any) -> None:
        """Take an item; stands still behind the last one of the recording."""
        value = self._type.canonical(value)
        if self._checked is not None and not self._checked.check(self.sent + 1, value):
            await asyncio.get_running_loop().create_future()  # for ever: there is no more to do
        self.sent += 1
        self.newest = value
        for consumer in self.consumers:
            consumer.send(value)
        self._feed.note_sent(self._place, self.sent)
