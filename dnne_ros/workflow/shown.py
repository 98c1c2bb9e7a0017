"""How a value out of a file looks in a message: short, and never an error itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

LONGEST_TEXT = 60
BIGGEST_NUMBER = 10 ** 20


def shown(value: Any) -> str:
    """Describe a JSON value in a few words, in JSON's own terms."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value if len(value) <= LONGEST_TEXT else value[:LONGEST_TEXT] + "…")
    if isinstance(value, (int, float)):
        # Python refuses to print an int of thousands of digits.
        return repr(value) if isinstance(value, float) or abs(value) < BIGGEST_NUMBER \
            else "a huge number"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    return f"a {type(value).__name__}"


def listed(names: Iterable[str]) -> str:
    """Join names for a message; ``none`` when there are none."""
    return ", ".join(names) or "none"
