"""What a trace says of a value: its kind, shape and size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from itertools import islice
from operator import attrgetter
from typing import Any

_MOST_PARTS = 16


class Describer:
    """Describes the values of one output; what is like the one before costs a look.

    A stream seldom changes its shapes.  A value of several arrays is like the one before if the
    first of them is, and if it is of the same kind and length.
    """

    def __init__(self, number: Callable[[str], int]):
        """Ask ``number(text)`` for the number of a description that is new."""
        self._number = number
        self.kind: Any = None
        """The type of the last value, if another one of it is like that …"""
        self.shape: Any = None
        """… when it has this shape, unless that is None: then it is no array."""
        self.last = (0, 0)
        """What `describe` returned last."""
        self._parts: tuple[Any, int | None, Any, Callable[[Any], Any] | None] | None = None

    def describe(self, value: Any) -> tuple[int, int]:
        """Return the number of a value's description, and its size in bytes, 0 if not known."""
        if self._parts is None:
            if type(value) is self.kind and (self.shape is None or value.shape == self.shape):
                return self.last
            return self._anew(value)
        kind, length, shape, first = self._parts
        if type(value) is kind and (length is None or len(value) == length):
            array = None if first is None else first(value)
            if first is None or (array is not None and array.shape == shape):
                return self.last
        return self._anew(value)

    def _anew(self, value: Any) -> tuple[int, int]:
        self._parts = self.shape = None
        self.kind = type(value)
        if _is_array(value):
            self.shape = value.shape
            self.last = self._number(_shape(value)), int(value.nbytes)
            return self.last
        parts = _parts(value)
        length = len(value) if hasattr(value, "__len__") else None
        if parts or length is not None:
            first = next(iter(parts), "")
            self._parts = (self.kind, length, parts[first].shape if parts else None,
                           _way_to(value, first) if parts else None)
            self.kind = None
        size = len(value) if isinstance(value, (str, bytes)) else sum(
            int(part.nbytes) for part in parts.values())
        self.last = self._number(_in_words(value, parts)), size
        return self.last


def _way_to(value: Any, name: str) -> Callable[[Any], Any]:
    """Return what gets the part of a name out of a value like this one."""
    if isinstance(value, Mapping):
        return lambda other: other.get(name)
    return attrgetter(name)


def _in_words(value: Any, parts: Mapping[str, Any]) -> str:
    name = type(value).__name__
    if not parts:
        return name
    return f"{name} ({', '.join(f'{key} {_shape(part)}' for key, part in parts.items())})"


def _shape(array: Any) -> str:
    kind = str(array.dtype).rpartition(".")[2]
    return f"{kind} {'×'.join(str(length) for length in array.shape) or 'scalar'}"


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype") and hasattr(value, "nbytes")


def _parts(value: Any) -> dict[str, Any]:
    """Return the arrays in a value that is none itself, by name."""
    if isinstance(value, Mapping):
        found = [(str(key), part) for key, part in islice(value.items(), _MOST_PARTS)]
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        found = list(zip(value._fields, value, strict=True))
    elif is_dataclass(value):
        found = [(field.name, getattr(value, field.name, None)) for field in fields(value)]
    else:
        return {}
    return {name: part for name, part in found if _is_array(part)}
