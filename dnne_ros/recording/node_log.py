"""What a node did, in order: which items it took and gave, and whatever else it went by.

Two nodes of a type that are given the same items do the same, if they take them in the same order
from their inputs, wait in vain as often, read the same from their clocks, wake up in the same
order, and have the same parameters at each moment.  So that is what is written down of each node,
in rows of four numbers.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from enum import IntEnum
from time import time_ns
from typing import NamedTuple

import numpy as np

from dnne_ros.transport.array_codec import ArrayCodec
from dnne_ros.transport.payload import Array

AXES = ("row", "kind,port,number,time_ns")
_WIDTH = 4


class Kind(IntEnum):
    """What a row is about; ``number`` says more."""

    BEGAN = 0
    """The node was made, or made anew."""
    TAKEN = 1
    """It took the item of this number from an input."""
    WAITED = 2
    """It waited at an input in vain."""
    SENT = 3
    """It gave the item of this number to an output."""
    UPDATED = 4
    """What it gave to an output, a model, was changed by its trainer: `digest` of the change."""
    PARAMETER = 5
    """A parameter got another value: the message of this number on its channel of parameters."""
    CLOCK = 6
    """It looked at a clock, which showed this; ``port``: which one, a `Shows`."""
    BOUNDARY = 7
    """It announced a boundary, at which its state was saved (1) or not (0)."""
    WOKE = 8
    """It has slept or waited for an event by a clock, as the one of this number to do so."""


class Shows(IntEnum):
    """What a clock of a node shows."""

    RATE = 0
    """``context.clock``: the time to keep a rate by."""
    STEADY = 1
    """``context.steady``: the machine's."""
    STAMP = 2
    """``context.topics``: what messages are stamped with."""


class Row(NamedTuple):
    """A row of a log; ``port``: which of the type's inputs or outputs, in order of declaration."""

    kind: int
    port: int
    number: int
    time_ns: int


class NodeLog:
    """The rows of a node that are not in the file yet."""

    def __init__(self, channel: int):
        """Write to ``channel``."""
        self.channel = channel
        self.messages = 0
        """How many messages have taken rows away."""
        self._rows = array("q")

    def note(self, kind: Kind, port: int, number: int) -> None:
        """Add a row."""
        self._rows.extend((kind, port, number, time_ns()))

    @property
    def empty(self) -> bool:
        """Tell whether all rows are in the file."""
        return not self._rows

    def take(self) -> bytes:
        """Return the rows as a message, and begin anew."""
        rows, self._rows = self._rows, array("q")
        self.messages += 1
        return rows_codec().encode(Array(np.frombuffer(rows, np.int64).reshape(-1, _WIDTH), AXES))


def rows_codec() -> ArrayCodec:
    """Return what writes and reads a message of rows."""
    return ArrayCodec("int64")


def read_rows(messages: Iterable[bytes]) -> list[Row]:
    """Return the rows in messages of a log, in order; ValueError for bytes that are none."""
    found: list[Row] = []
    for message in messages:
        data = rows_codec().decode(message).data
        if data.ndim != 2 or data.shape[1] != _WIDTH:
            raise ValueError(f"expected rows of {_WIDTH} numbers, found {data.shape}")
        found += map(Row._make, data.tolist())
    return found
