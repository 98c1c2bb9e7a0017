"""JSON as every reader takes it: Python's own writes NaN and Infinity, which are none."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any


def dumps(value: Any, *, indent: int | None = None, sort_keys: bool = False,
          ensure_ascii: bool = True, default: Callable[[Any], Any] | None = None) -> str:
    """Return ``value`` as JSON, with null for what is not finite."""
    def write(value: Any) -> str:
        return json.dumps(value, indent=indent, sort_keys=sort_keys, ensure_ascii=ensure_ascii,
                          default=default, allow_nan=False)
    try:
        return write(value)
    except ValueError:
        return write(_without(value))


def _without(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _without(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without(each) for each in value]
    return value
