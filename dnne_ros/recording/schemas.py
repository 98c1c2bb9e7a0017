"""The definitions of ROS messages as text, which MCAP files carry along.

They are made of the messages' classes: packages of pip bring no ``.msg`` files.  Comments and
constants are not in the classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dnne_ros.messages.message_types import message_class

_NAMES = {"boolean": "bool", "octet": "byte", "float": "float32", "double": "float64"}
_SEQUENCE = re.compile(r"sequence<(.+?)(?:, (\d+))?>")
_ARRAY = re.compile(r"(.+)\[(\d+)\]")
_LINE = "=" * 80


def definition(message_type: str) -> str:
    """Return the text of ``package/msg/Name``, with those of all messages in it.

    ValueError if one of them is not installed.
    """
    texts = {message_type: "\n".join(_fields(message_type))}
    waiting = list(_parts(message_type))
    while waiting:
        part = waiting.pop(0)
        if part not in texts:
            texts[part] = "\n".join(_fields(part))
            waiting += _parts(part)
    (_, own), *others = texts.items()
    return "\n".join([own, *(f"{_LINE}\nMSG: {_short(name)}\n{text}" for name, text in others)])


def _fields(message_type: str) -> Iterator[str]:
    for name, kind in _types(message_type):
        yield f"{_written(kind)} {name}"


def _types(message_type: str) -> list[tuple[str, str]]:
    made: Any = message_class(message_type)
    return list(made.get_fields_and_field_types().items())


def _parts(message_type: str) -> Iterator[str]:
    for _, kind in _types(message_type):
        element = _element(kind)[0]
        if "/" in element:
            package, name = element.split("/")
            yield f"{package}/msg/{name}"


def _element(kind: str) -> tuple[str, str]:
    """Return the type of one element, and what stands behind it of their number."""
    if match := _SEQUENCE.fullmatch(kind):
        return match[1], f"[<={match[2]}]" if match[2] else "[]"
    if match := _ARRAY.fullmatch(kind):
        return match[1], f"[{match[2]}]"
    return kind, ""


def _written(kind: str) -> str:
    element, number = _element(kind)
    name, _, bound = element.partition("<")
    return f"{_NAMES.get(name, name)}{f'<={bound[:-1]}' if bound else ''}{number}"


def _short(message_type: str) -> str:
    return message_type.replace("/msg/", "/")
