"""Inputs and outputs through which items are followed; they stand in the place of others.

So where nobody follows, an item's way has no question whether anybody does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from dnne_ros.tracing.ports import Target
from dnne_ros.transport.item_source import ItemSource, StandIn
from dnne_ros.transport.tails import Tails

if TYPE_CHECKING:
    from dnne_ros.spans.node_spans import NodeSpans


class Carrying(Target, Protocol):
    """An output that takes along what belongs to an item."""

    async def send(self, value: Any, timeout: float | None = None, tail: bytes = b"") -> None:
        """Hand a value to every consumer, and ``tail`` to those in other processes."""
        ...


class FollowedInput(StandIn[ItemSource]):
    """An input that tells which items are followed."""

    def __init__(self, source: ItemSource, spans: NodeSpans, port: str, tails: Tails):
        """Take from ``source``; ``tails`` has what came along."""
        super().__init__(source)
        self._spans = spans
        self._port = port
        self._tails = tails

    async def get(self, timeout: float | None) -> Any:
        """Return the next item; TimeoutError when none came within ``timeout`` seconds."""
        self._spans.asks(self._port)
        value = await self._source.get(timeout)
        number = self._source.number
        self._spans.took(self._port, number, (self._tails.get(number),))
        return value

    async def get_batch(self, max_items: int, timeout: float | None) -> list[Any]:
        """Return ``max_items`` items, or those that came within ``timeout`` seconds."""
        self._spans.asks(self._port)
        batch = await self._source.get_batch(max_items, timeout)
        if batch:
            last = self._source.number
            self._spans.took(self._port, last, map(
                self._tails.get, range(last - len(batch) + 1, last + 1)))
        return batch


class FollowedOutput:
    """An output that lets the trace of the item at hand go along with what is sent."""

    def __init__(self, target: Carrying, spans: NodeSpans, tails: Tails):
        """Send to ``target``; those in this process find in ``tails`` what goes along."""
        self._target = target
        self._spans = spans
        self._tails = tails

    @property
    def sent(self) -> int:
        """Return how many items were handed over."""
        return self._target.sent

    @property
    def number(self) -> int:
        """Return the number of the item sent last."""
        return self._target.number

    @property
    def delivered(self) -> int:
        """Return how many items each consumer had when this process was started again."""
        return self._target.delivered

    @property
    def waited_ns(self) -> int:
        """Return for how long there was no room."""
        return self._target.waited_ns

    async def send(self, value: Any, timeout: float | None = None) -> None:
        """Hand ``value`` to every consumer; see `dnne_ros.runtime.edges.output_port`."""
        spans = self._spans
        own = None if spans.current is not None else spans.source()
        span = spans.current or own
        if span is None:
            await self._target.send(value, timeout)
            return
        tail = spans.tail(span)
        try:
            await self._target.send(value, timeout, tail)
        finally:
            if own is not None:
                own.end()
        self._tails.put(self._target.sent, tail)
