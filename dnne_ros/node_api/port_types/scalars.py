"""Triggers, numbers, truth values and text."""

from __future__ import annotations

from typing import Any

from dnne_ros.node_api.port_types.base import AnyValue, PortType
from dnne_ros.transport.payload import Wire


class Sync(PortType):
    """A trigger: that it comes is all it says."""

    name = "SYNC"

    @property
    def wire(self) -> Wire:
        """Return the empty message."""
        return Wire("empty")

    def pack(self, value: Any) -> None:
        """Drop the value: only the event travels."""

    def unpack(self, payload: None) -> None:
        """Return None."""


class Float(PortType):
    """A number."""

    name = "FLOAT"

    @property
    def wire(self) -> Wire:
        """Return the 64-bit float message."""
        return Wire("float64")

    def accepts(self, output: PortType) -> bool:
        """Take numbers of either kind."""
        return isinstance(output, (Float, Int, AnyValue))

    def pack(self, value: float) -> float:
        """Return the number (a 0-d tensor will do) as a float."""
        return float(value)

    def unpack(self, payload: float) -> float:
        """Return the number."""
        return payload


class Int(PortType):
    """A whole number of 64 bits."""

    name = "INT"

    @property
    def wire(self) -> Wire:
        """Return the 64-bit integer message."""
        return Wire("int64")

    def pack(self, value: int) -> int:
        """Return the number as an int."""
        return int(value)

    def unpack(self, payload: int) -> int:
        """Return the number."""
        return payload


class Boolean(PortType):
    """True or false."""

    name = "BOOLEAN"

    @property
    def wire(self) -> Wire:
        """Return the boolean message."""
        return Wire("bool")

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
        return Wire("string")

    def pack(self, value: str) -> str:
        """Return the text."""
        return str(value)

    def unpack(self, payload: str) -> str:
        """Return the text."""
        return payload
