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
        self._kind: Any = None
        self._first: Callable[[Any], Any] | None = None
        self._shape: Any = None
        self._length = 0
        self._last = (0, 0)

    def describe(self, value: Any) -> tuple[int, int]:
        """Return the number of a value's description, and its size in bytes, 0 if not known."""
        if type(value) is self._kind:
            if self._first is None:
                alike = self._shape is None or value.shape == self._shape
            else:
                first = self._first(value)
                alike = first is not None and first.shape == self._shape
            if alike and (not self._length or len(value) == self._length):
                return self._last
        return self._anew(value)

    def _anew(self, value: Any) -> tuple[int, int]:
        parts = {"": value} if _is_array(value) else _parts(value)
        self._kind = type(value)
        self._first, self._shape = None, None
        self._length = 0 if "" in parts or not hasattr(value, "__len__") else len(value)
        if parts:
            name = next(iter(parts))
            self._first = _way_to(value, name) if name else None
            self._shape = parts[name].shape
        size = self._length if isinstance(value, (str, bytes)) else sum(
            int(part.nbytes) for part in parts.values())
        self._last = self._number(_in_words(value, parts)), size
        return self._last


def _way_to(value: Any, name: str) -> Callable[[Any], Any]:
    """Return what gets the part of a name out of a value like this one."""
    if isinstance(value, Mapping):
        return lambda other: other.get(name)
    return attrgetter(name)


def _in_words(value: Any, parts: Mapping[str, Any]) -> str:
    name = type(value).__name__
    if not parts:
        return name
    if "" in parts:
        return _shape(value)
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
