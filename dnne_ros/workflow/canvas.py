"""Places on the editor's canvas.  Decoration: what is malformed is left out, not reported."""

from __future__ import annotations

from typing import Any

from dnne_ros.workflow.records import GroupRecord

WIDEST_CANVAS = 1e12


def read_pair(value: Any) -> tuple[float, float] | None:
    """Return ``[x, y]`` or ``{"0": x, "1": y}`` as two floats, or None."""
    if isinstance(value, dict):
        value = [value.get("0"), value.get("1")]
    numbers = _numbers(value[:2]) if isinstance(value, list) else None
    return (numbers[0], numbers[1]) if numbers and len(numbers) == 2 else None


def read_groups(value: Any) -> tuple[GroupRecord, ...]:
    """Return the coloured frames of a UI file."""
    groups = []
    for entry in value if isinstance(value, list) else []:
        bounds = _numbers(entry.get("bounding")) if isinstance(entry, dict) else None
        if not bounds or len(bounds) != 4:
            continue
        title, color = entry.get("title"), entry.get("color")
        groups.append(GroupRecord(
            title=title if isinstance(title, str) else "",
            bounds=(bounds[0], bounds[1], bounds[2], bounds[3]),
            color=color if isinstance(color, str) else None))
    return tuple(groups)


def _numbers(value: Any) -> list[float] | None:
    if not isinstance(value, list) or not all(map(_is_place, value)):
        return None
    return [float(number) for number in value]


def _is_place(value: Any) -> bool:
    # NaN fails the comparison, and an int too big for a float never reaches float().
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and abs(value) <= WIDEST_CANVAS)
