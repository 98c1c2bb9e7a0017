"""Inputs and outputs that record what goes through them; they stand in the place of others."""

from __future__ import annotations

from time import monotonic_ns
from typing import TYPE_CHECKING, Any, Protocol

from dnne_ros.tracing.ring import Kind
from dnne_ros.transport.item_source import ItemSource

if TYPE_CHECKING:
    from dnne_ros.tracing.describing import Describer
    from dnne_ros.tracing.tracer import NodeTracer


_TAKEN, _SENT = int(Kind.TAKEN), int(Kind.SENT)


class Giving(Protocol):
    """What a node gives items to."""

    @property
    def sent(self) -> int:
        """How many items were handed over."""
        ...

    @property
    def delivered(self) -> int:
        """How many items each consumer had when this process was started again."""
        ...

    async def send(self, value: Any, timeout: float | None = None) -> None:
        """Hand a value to every consumer."""
        ...


class Target(Giving, Protocol):
    """An output that can be recorded."""

    @property
    def number(self) -> int:
        """The number of the item sent last, from 1."""
        ...

    @property
    def waited_ns(self) -> int:
        """For how long there was no room, over all items, in nanoseconds."""
        ...


class TracedInput:
    """An input that records which item was taken when, and since when it was waited for."""

    def __init__(self, source: ItemSource, node: NodeTracer, place: int):
        """Take from ``source``."""
        self._source = source
        self._node = node
        self._place = place

    async def get(self, timeout: float | None) -> Any:
        """Return the next item; TimeoutError when none came within ``timeout`` seconds."""
        source, node = self._source, self._node
        waited = not source.waiting()
        began = monotonic_ns()
        try:
            value = await source.get(timeout)
        except TimeoutError:
            node.waited(Kind.WAITED, self._place, began)
            raise
        ended, number = monotonic_ns(), source.number
        if waited and node.asked > began:  # others have made rounds of it meanwhile
            began = node.asked
        if number % node.every == 0:
            node.write(node.offset(), node.free or began, began, number, 1, 0, ended, self._place,
                       0, _TAKEN, waited)
        node.free = ended
        return value

    async def get_batch(self, max_items: int, timeout: float | None) -> list[Any]:
        """Return ``max_items`` items, or those that came within ``timeout`` seconds.

        It is recorded with any item of the sample in it.
        """
        source, node = self._source, self._node
        waited = not source.waiting()
        began = monotonic_ns()
        batch = await source.get_batch(max_items, timeout)
        if not batch:
            node.waited(Kind.WAITED, self._place, began)
            return batch
        ended, number = monotonic_ns(), source.number
        if number % node.every < len(batch):
            node.write(node.offset(), node.free or began, began, number, len(batch), 0, ended,
                       self._place, 0, _TAKEN, waited)
        node.free = ended
        return batch


class TracedOutput:
    """An output that records which item was sent when, how large it was, and what held it up."""

    def __init__(self, target: Target, node: NodeTracer, place: int, describer: Describer):
        """Send to ``target``."""
        self._describer = describer
        self._before: int | None = None  # how many items a process before this one has sent
        self._target = target
        self._node = node
        self._place = place

    @property
    def sent(self) -> int:
        """How many items were handed over."""
        return self._target.sent

    @property
    def delivered(self) -> int:
        """How many items each consumer had when this process was started again."""
        return self._target.delivered

    async def send(self, value: Any, timeout: float | None = None) -> None:
        """Hand ``value`` to every consumer; see `dnne_ros.runtime.edges.output_port`."""
        target, node, describer = self._target, self._node, self._describer
        waited, began = target.waited_ns, monotonic_ns()
        # As `describe`, without a call: this is on the way of every item.
        if type(value) is describer.kind and (
                describer.shape is None or value.shape == describer.shape):
            text, size = describer.last
        else:
            text, size = describer.describe(value)
        await target.send(value, timeout)
        ended = monotonic_ns()
        if self._before is None:
            self._before = target.number - target.sent
        number = target.sent + self._before
        if number % node.every == 0:
            node.write(node.offset(), node.free or began, began, number, target.waited_ns - waited,
                       size, ended, self._place, text, _SENT, 0)
        node.free = ended

    def note_sent(self, value: Any, began: int) -> None:
        """Record that a value was handed over since ``began``, by who gave it for the node."""
        node, ended, number = self._node, monotonic_ns(), self._target.number
        if number % node.every == 0:
            text, size = self._describer.describe(value)
            node.write(node.offset(), node.free or began, began, number, 0, size, ended,
                       self._place, text, _SENT, 0)
        node.free = ended
