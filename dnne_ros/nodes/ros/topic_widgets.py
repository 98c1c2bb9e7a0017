"""What the widgets of nodes that use topics of other people's nodes say, checked before a run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from dnne_ros.errors import InputError

T = TypeVar("T")

_TOKEN = "[A-Za-z_][A-Za-z0-9_]*"
_TOPIC = re.compile(rf"(~/|/)?{_TOKEN}(/{_TOKEN})*")


def topic_misfits(topic: str, widget: str = "topic", example: str = "/joint_states") -> list[str]:
    """Return what is wrong with a topic's name in a widget; [] if nothing."""
    if _TOPIC.fullmatch(topic):
        return []
    return [f"widget {widget!r}: expected a ROS name such as {example}, found {topic!r:.80}"]


def optional_names(text: str) -> tuple[str, ...]:
    """Return ``"a, b"`` as (a, b), an empty text as (); ValueError for a name twice or empty."""
    names = tuple(part.strip() for part in text.split(",")) if text.strip() else ()
    if not all(names) or len(set(names)) != len(names):
        raise ValueError(f"names: expected each once, none empty, found {text!r:.80}")
    return names


def misfits(make: Callable[[Mapping[str, Any]], object], values: Mapping[str, Any]) -> list[str]:
    """Return why ``make(values)`` raises ValueError; [] if it does not."""
    try:
        make(values)
    except ValueError as error:
        return [str(error)]
    return []


def made(make: Callable[[Mapping[str, Any]], T], values: Mapping[str, Any]) -> T:
    """Return ``make(values)``; InputError for a ValueError.

    For `Node.setup`: parameters given to the run may differ from what was checked in the file.
    """
    try:
        return make(values)
    except ValueError as error:
        raise InputError("parameters", [str(error)]) from None
