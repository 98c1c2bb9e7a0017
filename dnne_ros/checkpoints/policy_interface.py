"""What a policy was trained with, as its nodes said, against what a graph is about to run it with.

The policy interface lies beside the checkpoint as ``contract.json``: for a robot, the joints and
their order, what each column of observations and actions is, the scale of actions, and the rate.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from dnne_ros import strict_json


def merge_statements(statements: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one policy interface of what several nodes say; None is nothing.

    Raises ValueError when two of them say different things under one name.
    """
    merged: dict[str, Any] = {}
    for statement in statements:
        for name, value in statement.items():
            if value is not None and not same(merged.setdefault(name, value), value):
                raise ValueError(f"{name} is both {_text(merged[name])} and {_text(value)}")
    return merged


def differences(trained: Mapping[str, Any], stated: Mapping[str, Any]) -> list[str]:
    """Return where what a node says, ``stated``, is not what ``trained`` says; [] if nowhere.

    ``trained`` comes from a file, in which what is not finite is null: so it is in ``stated``.
    A node that says None has nothing of it, and none must be expected.
    """
    saved = json.loads(strict_json.dumps(dict(stated), ensure_ascii=False))
    return [f"{name}: expected {_text(trained[name]) if name in trained else 'nothing'} as in "
            f"training, found {'nothing' if stated[name] is None else _text(value)} in this graph"
            for name, value in saved.items()
            if (name not in trained and stated[name] is not None)
            or not same(trained.get(name), value)]


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are equal; numbers up to what printing them may cost."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    numbers = (int, float)
    if type(one) in numbers and type(other) in numbers:
        return math.isclose(one, other, rel_tol=1e-6)
    return type(one) is type(other) and one == other


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:199] + "…"
