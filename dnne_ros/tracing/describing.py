"""What a trace says of a value: its kind, shape and size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

_MOST_PARTS = 16


class Describer:
    """Describes values; those of a kind and shape that came before cost a look.

    A stream seldom changes its shapes.
    """

    def __init__(self, number: Callable[[str], int]):
        """Ask ``number(text)`` for the number of a description that is new."""
        self._number = number
        self._known: dict[tuple[Any, ...], tuple[int, int]] = {}

    def describe(self, value: Any) -> tuple[int, int]:
        """Return the number of a value's description, and its size in bytes, 0 if not known."""
        parts = {"": value} if _is_array(value) else _parts(value)
        if isinstance(value, (str, bytes)):
            return self._number(type(value).__name__), len(value)
        key = (type(value), *((name, part.shape, part.dtype) for name, part in parts.items()))
        known = self._known.get(key)
        if known is None:
            size = sum(int(part.nbytes) for part in parts.values())
            known = self._known[key] = self._number(_in_words(value, parts)), size
        return known


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
