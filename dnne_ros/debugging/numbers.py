"""What is in an item: its numbers, its parts, its shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

import numpy as np

from dnne_ros.arrays import as_array, as_doubles

MOST_PARTS = 64


def is_array(value: Any) -> bool:
    """Tell whether a value is an array of numpy or of another library."""
    return hasattr(value, "shape") and hasattr(value, "dtype")


def array_of(value: Any) -> np.ndarray | None:
    """Return the numbers of an array, of a number or of a list of numbers; None: it has none.

    Element types that numpy has not become float64.
    """
    if is_array(value):
        try:
            found = np.asarray(value) if isinstance(value, np.generic) else as_array(value)
        except TypeError:
            found = as_doubles(value)
        return found if found.dtype.kind in "biufc" else None
    if isinstance(value, (bool, int, float)):
        return np.asarray(value) if not _is_huge(value) else np.asarray(float("inf"))
    if isinstance(value, (list, tuple)) and value and not hasattr(value, "_fields") \
            and all(isinstance(each, (bool, int, float)) for each in value):
        return np.asarray(value, np.float64) if not any(map(_is_huge, value)) else None
    return None


def parts_of(value: Any) -> dict[str, Any]:
    """Return the named values in a dictionary, a named tuple or a dataclass."""
    if isinstance(value, Mapping):
        return {str(key): part for key, part in islice(value.items(), MOST_PARTS)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(zip(value._fields, value, strict=True))
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in fields(value)}
    return {}


def dtype_of(value: Any) -> str:
    """Return ``float32`` for an array, and for others the name of their type."""
    if is_array(value):
        return str(value.dtype).rpartition(".")[2]
    return type(value).__name__


def _is_huge(value: Any) -> bool:
    return isinstance(value, int) and abs(value) >= 2**63
