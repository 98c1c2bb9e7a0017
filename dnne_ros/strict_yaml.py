"""YAML of any origin: plain values of a size that can be handled, each key once.

Aliases are shared: a text of 300 characters may stand for a billion values, or for a list within
itself, which any walk over them, a message that shows one among them, would feel. A key that is
there twice is no YAML, but PyYAML takes the last one: the rest would be lost without a word.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

_MOST_VALUES = 1_000_000


def loads(text: str | bytes) -> Any:
    """Return what ``text`` stands for, without objects; ValueError, of one line, if it is none."""
    import yaml

    try:
        reader = yaml.SafeLoader(text if isinstance(text, str) else text.decode("utf-8"))
        node = reader.get_single_node()
        _refuse_repeated_keys(node, set())
        document = None if node is None else reader.construct_document(node)
        _size(document, {})
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date of month 99, say
        raise ValueError(' '.join(str(error).split())[:200]) from None
    return document


def _refuse_repeated_keys(node: Any, seen: set[int]) -> None:
    """Raise ValueError for a key that a mapping has twice; ``seen``: nodes that were looked at."""
    if node is None or isinstance(node.value, str) or id(node) in seen:
        return
    seen.add(id(node))
    lines: dict[tuple[str, str], int] = {}
    for part in node.value:
        key, value = part if isinstance(part, tuple) else (None, part)
        if key is not None and isinstance(key.value, str):
            line, name = key.start_mark.line + 1, (key.tag, key.value)
            if name in lines:
                raise ValueError(
                    f"{key.value!r:.40} is there twice, in lines {lines[name]} and {line}")
            lines[name] = line
        _refuse_repeated_keys(value, seen)


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
