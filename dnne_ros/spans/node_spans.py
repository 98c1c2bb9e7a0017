"""The spans of one node: what it does with the items that are followed.

A span begins when the node takes an item that is followed, and ends when it asks for the next one
at the same input: in between it has done what it does with an item, also with several inputs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from dnne_ros.spans.tail import Tail, read_tail

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext, Tracer

Followed = tuple["Span | None", int]
"""The span of an item, if it is followed, and through how many nodes it goes on."""

ROOT_SECONDS = 1.0
"""How often a node begins to follow an item, where no sampler was named."""


class Roots:
    """Says when a node begins to follow an item."""

    def __init__(self, may_begin: bool, samples_itself: bool,
                 now: Callable[[], float] = time.monotonic):
        """Let a node begin that ``may_begin``: at the edge of the graph, or where a loop starts.

        ``samples_itself``: an item a second; else each, and the sampler chooses.
        """
        self._may_begin = may_begin
        self._samples_itself = samples_itself
        self._now = now
        self._next = 0.0

    def due(self) -> bool:
        """Tell whether to begin with this item."""
        if not self._may_begin:
            return False
        if not self._samples_itself:
            return True
        now = self._now()
        if now < self._next:
            return False
        self._next = now + ROOT_SECONDS
        return True

    def of_updates(self) -> Roots:
        """Return what says it of the node's updates, which may all begin a trace."""
        return Roots(True, self._samples_itself, self._now)


class NodeSpans:
    """Makes the spans of one node."""

    def __init__(self, tracer: Tracer, graph: str, node: str, hops: int, roots: Roots,
                 updates: str, parent: Context | None = None):
        """Make spans of ``node`` in ``graph``, with ``tracer``.

        An item is followed through ``hops`` nodes; ``roots`` says where that begins.  What a
        boundary that the node announces closes is called ``updates``; it is below ``parent``.
        """
        self._parent = parent
        self._tracer = tracer
        self._about = {"dnne_ros.graph": graph, "dnne_ros.node": node}
        self._node = node
        self._hops = hops
        self._left = 0
        self._roots = roots
        self._updates = updates
        self._update_due = roots.of_updates()
        self._taken: set[str] = set()
        self._since = time.time_ns()
        self._taking: Span | None = None
        self._giving: Followed | None = None

    @property
    def current(self) -> Span | None:
        """The span of the item at hand, if it is followed."""
        return self._taking if self._giving is None else self._giving[0]

    def asks(self, port: str) -> None:
        """Note that the node asks for an item of an input: the one before may be done with."""
        if port in self._taken:
            self._taken.clear()
            self.close()

    def took(self, port: str, number: int, tails: Iterable[bytes]) -> None:
        """Note which item was taken, and what came along with it, or with those of a batch."""
        self._taken.add(port)
        self._since = time.time_ns()
        followed = [tail for tail in map(read_tail, tails) if tail is not None and tail.hops]
        for tail in followed:
            if self._taking is None:
                self._left = tail.hops - 1
                self._begin(self._span(port, number, tail))
            else:
                self._taking.add_link(_context(tail))
        if self._taking is None and self._roots.due():
            self._left = self._hops - 1
            self._begin(self._span(port, number))

    def source(self) -> Span | None:
        """Return the span of an item that begins here and is to be followed."""
        if self._taken or self._giving is not None or not self._roots.due():
            return None
        self._left = self._hops - 1
        span = self._span()
        return span if span.is_recording() else None

    def tail(self, span: Span) -> bytes:
        """Return what goes along with an item that is sent during ``span``."""
        context = span.get_span_context()
        left = self._left if self._giving is None else self._giving[1]
        return Tail(context.trace_id, context.span_id, context.trace_flags, left).pack()

    def update(self, number: int, loss: float | None) -> None:
        """Make the span of an update: from the last item that it needed until now."""
        if not self._update_due.due():
            return
        from opentelemetry import trace

        span = self._tracer.start_span(
            f"{self._node} {self._updates}", start_time=self._since,
            context=self._parent if self.current is None
            else trace.set_span_in_context(self.current),
            attributes={**self._about, f"dnne_ros.{self._updates}": number,
                        **({} if loss is None else {"dnne_ros.loss": loss})})
        span.end()

    def close(self) -> None:
        """End the span of the item at hand."""
        if self._taking is not None:
            self._taking.end()
            self._taking = None

    def leave(self) -> Followed:
        """Return the span of the item that was taken last: others are taken before it is given."""
        followed, self._taking = (self._taking, self._left), None
        self._taken.clear()
        return followed

    def take_up(self, followed: Followed) -> None:
        """Go on with the span of an item whose results are given now."""
        self._giving = followed

    def put_down(self) -> None:
        """End the span of an item whose results have been given."""
        if self._giving is not None and self._giving[0] is not None:
            self._giving[0].end()
        self._giving = None

    def _begin(self, span: Span) -> None:
        if span.is_recording():
            self._taking = span

    def _span(self, port: str = "", number: int = 0, tail: Tail | None = None) -> Span:
        context: Context | None = None
        if tail is not None:
            from opentelemetry import trace

            context = trace.set_span_in_context(trace.NonRecordingSpan(_context(tail)))
        about: dict[str, str | int] = {**self._about}
        if port:
            about.update({"dnne_ros.input": port, "dnne_ros.item": number})
        return self._tracer.start_span(self._node, context=context, attributes=about)


def _context(tail: Tail) -> SpanContext:
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(tail.trace_id, tail.span_id, True, TraceFlags(tail.flags))
