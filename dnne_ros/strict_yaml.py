"""YAML of any origin: plain values of a size that can be handled.

Aliases are shared: a text of 300 characters may stand for a billion values, or for a list within
itself, which any walk over them, a message that shows one among them, would feel.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

_MOST_VALUES = 1_000_000


def loads(text: str | bytes) -> Any:
    """Return what ``text`` stands for, without objects; ValueError, of one line, if it is none."""
    import yaml

    try:
        document = yaml.safe_load(text if isinstance(text, str) else text.decode("utf-8"))
        _size(document, {})
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date of month 99, say
        raise ValueError(' '.join(str(error).split())[:200]) from None
    return document


def _size(value: Any, sizes: dict[int, int]) -> int:
    """Return of how many values one consists; ValueError for too many.

    ``sizes``: of containers that were met before, 0 for those around this one.
    """
    if not isinstance(value, (list, tuple, set, dict)):
        return 1
    if id(value) not in sizes:
        sizes[id(value)] = 0
        parts = chain(value, value.values()) if isinstance(value, dict) else value
        sizes[id(value)] = 1 + sum(_size(part, sizes) for part in parts)
    if not 0 < sizes[id(value)] <= _MOST_VALUES:
        raise ValueError(f"an alias within itself, or more than {_MOST_VALUES} values")
    return sizes[id(value)]
