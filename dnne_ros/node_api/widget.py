"""Widgets: the settings of a node type, which become ROS parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class WidgetError(ValueError):
    """A value that a widget does not take; the text says what was expected and found."""


def _kind_name(value: Any) -> str:
    return {bool: "a boolean", int: "an integer", float: "a number", str: "a string",
            list: "a list", dict: "an object", type(None): "null"}.get(
                type(value), type(value).__name__)


@dataclass(frozen=True)
class Widget:
    """One setting of a node type, declared as a class attribute.

    On an instance the attribute reads as the current value.  The kind (boolean, integer, number,
    string) follows from ``default``.  ``minimum`` and ``maximum`` are inclusive bounds,
    ``choices`` the legal strings.  ``live`` widgets may be changed while the graph runs; for the
    others ``fixed_because`` says why they may not.  A ``seed`` widget brings one extra positional
    value in workflow files.  The default of a ``required`` one is no value: a graph must give one.
    Those that ``decides_ports`` say which ports a node has (`Node.ports_for`).  A ``file`` is the
    name of a file or folder; one that is not found from the present folder counts from that of
    the workflow, and an exported package brings a copy along (`Node.carried_files`).
    """

    default: bool | int | float | str
    doc: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    live: bool = False
    fixed_because: str = "it is read when the node starts"
    seed: bool = False
    required: bool = False
    decides_ports: bool = False
    file: bool = False
    name: str = field(default="", init=False, repr=False, compare=False)
    """The attribute that it is assigned to."""

    def __set_name__(self, owner: type, name: str) -> None:
        object.__setattr__(self, "name", name)

    def __get__(self, node: Any, owner: type) -> Any:
        """Return the widget itself on the class, its current value on a node."""
        return self if node is None else node.values[self.name]

    @property
    def kind(self) -> type[Any]:
        """Return bool, int, float or str."""
        return type(self.default)

    def check(self, value: Any) -> bool | int | float | str:
        """Return ``value`` in the widget's own type.

        Raises `WidgetError` if its type, range or choice is wrong.  Integers are taken for
        numbers and whole numbers for integers, as JSON does not tell them apart.
        """
        kind = self.kind
        if kind is float and type(value) is int:
            try:
                value = float(value)
            except OverflowError:
                raise WidgetError(f"expected {self.expectation}, found {value}") from None
        elif kind is int and type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not kind:
            raise WidgetError(
                f"expected {self.expectation}, found {_kind_name(value)}: {value!r:.80}")
        if kind in (int, float):
            out_of_range = (not math.isfinite(value)
                            or (self.minimum is not None and value < self.minimum)
                            or (self.maximum is not None and value > self.maximum)
                            or (kind is int and not -2**63 <= value < 2**63))
            if out_of_range:
                raise WidgetError(f"expected {self.expectation}, found {value!r}")
        if self.choices and value not in self.choices:
            raise WidgetError(f"expected {self.expectation}, found {value!r:.80}")
        if kind is str and "\0" in value:
            raise WidgetError("expected a string without null characters")
        checked: bool | int | float | str = value
        return checked

    def parse(self, text: str) -> bool | int | float | str:
        """Return the value that ``text`` (of a command line) stands for; `WidgetError` if none."""
        if self.kind is str:
            return self.check(text)
        if self.kind is bool:
            lowered = text.strip().lower()
            if lowered not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
                raise WidgetError(f"expected true or false, found {text!r:.80}")
            return lowered in ("true", "1", "yes", "on")
        try:
            number = int(text) if self.kind is int else float(text)
        except ValueError:
            raise WidgetError(f"expected {self.expectation}, found {text!r:.80}") from None
        return self.check(number)

    @property
    def expectation(self) -> str:
        """Say which values are legal: ``a number from 0.0 to 1.0``."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        noun = _kind_name(self.default)
        low, high = self.minimum, self.maximum
        if low is not None and high is not None:
            noun += f" from {low} to {high}"
        elif low is not None:
            noun += f" of at least {low}"
        elif high is not None:
            noun += f" of at most {high}"
        return noun + (f" ({self.unit})" if self.unit else "")


def missing_values(widgets: Mapping[str, Widget], values: Mapping[str, Any]) -> list[str]:
    """Return a complaint for each required widget to which ``values`` give nothing."""
    return [f"widget {name!r}: nothing is given, and it has no default: {widget.doc}"
            for name, widget in widgets.items()
            if widget.required and values[name] == widget.default]
