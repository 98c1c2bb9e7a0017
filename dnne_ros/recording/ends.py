"""The ends of edges by which items come into a recording.

An output has the recorder among its consumers, so that it waits for it as for any other; an input
has what notes the items in its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dnne_ros.node_api.port_types import PortType
from dnne_ros.recording.channels import digest
from dnne_ros.recording.node_log import Kind, NodeLog
from dnne_ros.recording.recorder import PENDING_BYTES, Recorder
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.inbox import Gathering
from dnne_ros.transport.item_source import ItemSource, StandIn
from dnne_ros.transport.policy import EdgePolicy


class RecordedOutput:
    """A consumer of an output that writes each item down; `dnne_ros.transport.local_edge`."""

    def __init__(self, recorder: Recorder, channel: int, type: PortType, log: NodeLog, port: int,
                 *, drops: bool):
        """Write items of ``type`` to ``channel``, and that they were sent to ``log``.

        ``drops``: where the file is slower than the graph, items are left out.
        """
        self.policy = EdgePolicy.DROP_OLDEST if drops else EdgePolicy.LOSSLESS
        self.limit = math.inf if drops else PENDING_BYTES
        self.dropped = 0
        self.number: Callable[[], int] = int
        """Returns the number of the item that was sent last."""
        self._recorder = recorder
        self._channel = channel
        self._type = type
        self._encode = codec_for(type.sent_as()).encode
        self._pack = type.pack
        self._log = log
        self._port = port
        self._drops = drops
        self._owned: Any = None
        self._waits = False

    def span(self) -> int:
        """Return how many bytes wait to be written."""
        return self._recorder.pending

    def deliver(self, value: Any) -> None:
        """Write an item down; TypeError for one that no message carries."""
        if self._recorder.failed:
            return
        number = self.number() + 1
        if self._drops and self._recorder.pending >= PENDING_BYTES:
            self.dropped += 1
        else:
            self._recorder.add(self._channel, number, self._encode(self._pack(value)))
        self._log.note(Kind.SENT, self._port, number)
        if self._type.feedback and value is not self._owned:
            self._owned = value
            value.on_change(self.note_update)

    def note_update(self, change: Any) -> None:
        """Note that what was sent, a model, has been changed by who trains it."""
        self._log.note(Kind.UPDATED, self._port, digest(self._type.pack_update(change)))

    def notify_room(self, on_room: Callable[[], None]) -> None:
        """Call ``on_room`` when something was written, while the sender waits."""
        self._recorder.call_when_room(lambda: on_room() if self._waits else None)

    def note_wait(self, waiting: bool) -> None:
        """Note that the sender waits."""
        self._waits = waiting


class RecordedInput(StandIn[ItemSource]):
    """An input that notes which items its node takes, and when it waits in vain."""

    def __init__(self, source: ItemSource, log: NodeLog, port: int, *, held: bool = False,
                 in_order: bool = True, on_taken: Callable[[int, Any], None] | None = None):
        """Take from ``source``; ``held``: one value, which comes once.

        ``in_order``: it gives each item, in the order of their numbers.  ``on_taken(number,
        value)`` is told of each.
        """
        super().__init__(source)
        self._log = log
        self._port = port
        self._held = held
        self._had = False
        self._on_taken = on_taken
        self._gathering = None if in_order else Gathering(self._take)

    async def get(self, timeout: float | None) -> Any:
        """Return the next item; TimeoutError when none came within ``timeout`` seconds."""
        if self._gathering is not None and self._gathering.items:
            return self._gathering.pop()
        return await self._take(timeout)

    async def get_batch(self, max_items: int, timeout: float | None) -> list[Any]:
        """Return ``max_items`` items, or those that came within ``timeout`` seconds."""
        if self._held:
            return [await self.get(timeout)]
        if self._gathering is not None:  # one by one, as their numbers do not follow
            return await self._gathering.batch(max_items, timeout)
        batch = await self._source.get_batch(max_items, timeout)
        first = self._source.number - len(batch)
        for number, value in enumerate(batch, first + 1):
            self._note(number, value)
        if len(batch) < max_items:
            self._log.note(Kind.WAITED, self._port, 0)
        return batch

    async def _take(self, timeout: float | None) -> Any:
        try:
            value = await self._source.get(timeout)
        except TimeoutError:
            self._log.note(Kind.WAITED, self._port, 0)
            raise
        if not (self._held and self._had):
            self._had = True
            self._note(self._source.number, value)
        return value

    def _note(self, number: int, value: Any) -> None:
        if self._on_taken is not None:
            self._on_taken(number, value)
        self._log.note(Kind.TAKEN, self._port, number)
