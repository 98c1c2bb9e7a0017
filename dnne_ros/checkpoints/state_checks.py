"""What a node's state must be to come back from a file as it was, and to be worth keeping."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dnne_ros.arrays import first_not_finite
from dnne_ros.errors import InputError
from dnne_ros.node_api.state import NodeState

_DEPTH = 100
"""How deep values may be nested: readers of JSON give up at some depth."""


def check_state(folder: Path, state: NodeState) -> None:
    """Raise `InputError` for numbers that are NaN or infinite, and for what is no JSON value.

    What was learned before must not be replaced by NaN.  JSON has texts as names only: another
    key would come back as another one.
    """
    problems = [f"{kind} {name!r}: expected finite numbers, found NaN or infinity"
                for kind, tensors in (("weights", state.weights), ("tensors", state.tensors))
                if (name := first_not_finite(tensors.items())) is not None]
    problems += [f"state: {problem}" for problem in _value_problems(state.values, "", 0)]
    try:
        if not problems:
            json.dumps(state.values, allow_nan=False)
    except ValueError as error:
        problems.append(f"state: {error}")
    if problems:
        raise InputError(str(folder), problems)


def _value_problems(value: Any, place: str, depth: int) -> Iterator[str]:
    if depth > _DEPTH:
        yield f"{place[:80]}…: nested deeper than {_DEPTH} levels"
    elif isinstance(value, dict):
        for key, each in value.items():
            if not isinstance(key, str):
                yield f"{place or 'the whole'}: expected texts as keys, found {key!r:.40}"
            else:
                yield from _value_problems(each, f"{place}[{key!r:.40}]", depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, each in enumerate(value):
            yield from _value_problems(each, f"{place}[{index}]", depth + 1)
