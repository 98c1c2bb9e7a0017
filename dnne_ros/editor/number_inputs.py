"""Numbers as ComfyUI's front end takes them, such that none changes by being loaded and saved.

Where a FLOAT comes without a step, the front end rounds to halves; where a bound is missing, it
takes 0 and 2048.  So all of them are always said, and rounding is turned off besides
(`dnne_ros.editor.front_end_settings`).
"""

from __future__ import annotations

import math
import sys
from typing import Any

from dnne_ros.node_api.widget import Widget

SAFE_INTEGER = 2**53 - 1
"""The greatest whole number that JavaScript tells from its neighbours."""
_LARGEST = sys.float_info.max
_COARSEST, _FINEST = -2, -12
"""Exponents of steps.  A step says how many decimals are shown, too: two at the least."""
_WITHOUT_MAGNITUDE = -4


def number_options(widget: Widget) -> dict[str, Any]:
    """Return what is said of an INT or a FLOAT beside its default: bounds and step."""
    if widget.kind is int:
        return {"min": max(_or(widget.minimum, -SAFE_INTEGER), -SAFE_INTEGER),
                "max": min(_or(widget.maximum, SAFE_INTEGER), SAFE_INTEGER),
                "step": 1, "control_after_generate": False}
    return {"min": _or(widget.minimum, -_LARGEST), "max": _or(widget.maximum, _LARGEST),
            "step": step_of(float(widget.default), widget.minimum)}


def step_of(default: float, minimum: float | None = None) -> float:
    """Return a step of the second digit of ``default``: 0.0001 for 0.002, at most 0.01.

    Where the default says nothing, a small lower bound does.
    """
    exponents = [math.floor(math.log10(abs(number))) - 1
                 for number in (default, minimum or 0.0) if number] or [_WITHOUT_MAGNITUDE]
    return float(f"1e{min(_COARSEST, max(_FINEST, exponents[0]))}")


def _or(bound: float | None, otherwise: float) -> float:
    return otherwise if bound is None else bound
