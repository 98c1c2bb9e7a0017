"""Records rounds of several nodes, each in one row: `dnne_ros.tracing.rounds`."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from dnne_ros.tracing.describing import Describer
from dnne_ros.tracing.ring import SIZE, Kind
from dnne_ros.tracing.rounds import MADE, NUMBERS, PER_PART, NodeFields, description, place_of

if TYPE_CHECKING:
    from dnne_ros.tracing.tracer import Tracer

_END_OF_PART = struct.Struct("<IHBB")
_LONG = 64
"""Parts of a row."""


class Numbered(Protocol):
    """An input or an output, which counts its items."""

    @property
    def number(self) -> int:
        """The number of the item that went through last."""
        ...


class RoundTracer:
    """Records the rounds of some nodes: who makes them draws the row up, and fills it each time.

    A field is a place in the row.
    """

    def __init__(self, tracer: Tracer):
        """Record for ``tracer``."""
        self._tracer = tracer
        self._fields = count(MADE)
        self._parts = 1
        self._numbers: list[tuple[int, Numbered]] = []
        self._sampled: frozenset[int] | None = None
        self.field()

    @property
    def is_long(self) -> bool:
        """Tell whether further nodes should have a row of their own: the ring has to hold it."""
        return self._parts > _LONG

    def field(self) -> int:
        """Return a field that is free."""
        place = place_of(next(self._fields))
        self._parts = place // NUMBERS + 1
        return place

    def number(self, port: Numbered) -> int:
        """Return a field for the number of a port through which one item goes in each round.

        Nobody has to fill it: it is what the port's number was before the first of these rounds.
        """
        self._numbers.append((field := self.field(), port))
        return field

    def describer(self, field: int) -> tuple[Describer, Callable[[Any], int]]:
        """Return what describes the values of an output, and what tells the description.

        The ``field`` keeps it from round to round.
        """
        describer = Describer(self._tracer.text)

        def described(value: Any) -> int:
            self._usual[field] = found = description(*describer.describe(value))
            return found

        return describer, described

    def drawn_up(self, nodes: Sequence[NodeFields], steady: bool) -> None:
        """Take note of what the row is of; no further fields.

        Not ``steady``: it has numbers that nobody knows before the round.  Then it is recorded
        each time, of a sample, too.  What the ring has no room for is not.
        """
        plan = self._tracer.plan(self._parts, nodes)
        self._content = bytearray(SIZE * self._parts)
        for part in range(self._parts):
            _END_OF_PART.pack_into(self._content, SIZE * part + 8 * PER_PART, plan, part,
                                   Kind.ROUND, 0)
        self._usual = memoryview(self._content).cast("q")
        self._unseen = memoryview(bytearray(self._content)).cast("q")
        self._row = self._tracer.row
        self._every = self._tracer.every if steady else 1
        if len(self._content) > self._tracer.longest_row:
            self._sampled, self._every = frozenset(), 1

    def count(self) -> None:
        """Take the numbers of items as they are, before the first of some rounds."""
        for field, port in self._numbers:
            self._usual[field] = port.number
        if self._every > 1:
            self._sampled = frozenset((-1 - self._usual[field]) % self._every
                                      for field, _ in self._numbers)

    def begin(self, made: int) -> memoryview:
        """Return the row of a round, so many of these having been made."""
        if self._sampled is not None and made % self._every not in self._sampled:
            return self._unseen
        row = self._row(self._content)
        row[MADE] = made
        return row
