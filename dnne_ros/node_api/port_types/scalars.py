"""Triggers, numbers, truth values and text."""

from __future__ import annotations

import operator
from typing import Any

from dnne_ros.node_api.port_types.base import AnyValue, PortType
from dnne_ros.transport.cdr import ros_text
from dnne_ros.transport.codecs import BoolCodec, EmptyCodec, Float64Codec, Int64Codec, StringCodec
from dnne_ros.transport.payload import Wire


class Sync(PortType):
    """A trigger: that it comes is all it says."""

    name = "SYNC"
    aliases = ("TRIGGER",)
    exact = type(None)

    @property
    def wire(self) -> Wire:
        """Return the empty message."""
        return Wire(EmptyCodec)

    def canonical(self, value: Any) -> None:
        """Return None: only the event counts."""

    def pack(self, value: Any) -> None:
        """Drop the value: only the event travels."""

    def unpack(self, payload: None) -> None:
        """Return None."""


class Float(PortType):
    """A number."""

    name = "FLOAT"
    exact = float

    @property
    def wire(self) -> Wire:
        """Return the 64-bit float message."""
        return Wire(Float64Codec)

    def accepts(self, output: PortType) -> bool:
        """Take numbers of either kind."""
        return isinstance(output, (Float, Int, AnyValue))

    def canonical(self, value: float) -> float:
        """Return the number (a 0-d tensor will do) as a float; TypeError for anything else."""
        if type(value) is float:
            return value
        if isinstance(value, (str, bytes)):
            raise TypeError(f"expected a number, found {value!r:.80}")
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError, RuntimeError):  # of tensors, too
            raise TypeError(f"expected a number, found {value!r:.80}") from None

    def pack(self, value: float) -> float:
        """Return the number (a 0-d tensor will do) as a float."""
        return self.canonical(value)

    def unpack(self, payload: float) -> float:
        """Return the number."""
        return payload


class Int(PortType):
    """A whole number of 64 bits."""

    name = "INT"

    @property
    def wire(self) -> Wire:
        """Return the 64-bit integer message."""
        return Wire(Int64Codec)

    def canonical(self, value: int) -> int:
        """Return the number (a 0-d tensor of integers will do) as an int.

        TypeError for one with a fraction, even of 0, and for one of more than 64 bits.
        """
        try:
            number = value if type(value) is int else int(operator.index(value))
        except (TypeError, ValueError, RuntimeError):  # of tensors, too
            raise TypeError(f"expected a whole number, found {value!r:.80}") from None
        if not -2**63 <= number < 2**63:
            raise TypeError(f"expected a whole number of 64 bits, found {number}")
        return number

    def pack(self, value: int) -> int:
        """Return the number as an int."""
        return self.canonical(value)

    def unpack(self, payload: int) -> int:
        """Return the number."""
        return payload


class Boolean(PortType):
    """True or false."""

    name = "BOOLEAN"
    exact = bool

    @property
    def wire(self) -> Wire:
        """Return the boolean message."""
        return Wire(BoolCodec)

    def canonical(self, value: bool) -> bool:
        """Return the truth value as a bool."""
        return bool(value)

    def pack(self, value: bool) -> bool:
        """Return the truth value as a bool."""
        return bool(value)

    def unpack(self, payload: bool) -> bool:
        """Return the truth value."""
        return payload


class String(PortType):
    """Text."""

    name = "STRING"

    @property
    def wire(self) -> Wire:
        """Return the string message."""
        return Wire(StringCodec)

    def canonical(self, value: str) -> str:
        """Return the text; what ROS strings cannot hold becomes �."""
        return ros_text(str(value))

    def pack(self, value: str) -> str:
        """Return the text."""
        return str(value)

    def unpack(self, payload: str) -> str:
        """Return the text."""
        return payload
