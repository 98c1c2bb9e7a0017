"""How far and how fast joints may be commanded."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

_SAFE = ("auto", "hold", "zero")


@dataclass(frozen=True)
class CommandLimits:
    """Bounds of each joint's command, float64 (joints,) each.

    ``max_change``: of a command in one second, infinite where it is not limited.
    """

    low: np.ndarray
    high: np.ndarray
    max_change: np.ndarray

    @cached_property
    def is_unhurried(self) -> bool:
        """Whether a command may change by anything."""
        return bool((self.max_change == np.inf).all())

    @cached_property
    def _bounds(self) -> list[tuple[float, float]]:
        return list(zip(self.low.tolist(), self.high.tolist(), strict=True))

    def hold(self, command: np.ndarray) -> bool:
        """Tell whether all numbers are finite and inside the bounds, as most commands are."""
        for number, (low, high) in zip(command.tolist(), self._bounds, strict=True):
            if not (low <= number <= high and math.isfinite(number)):
                return False
        return True

    @classmethod
    def parse(cls, joints: int, limits: str, max_change: str) -> CommandLimits:
        """Read ``[low, high]`` for all joints or ``[[low, high], …]`` for each, as JSON.

        ``max_change`` is a number for all or a list, empty for no limit.  Raises ValueError for
        anything else, and for a low limit above the high one.
        """
        low, high = joint_pairs(limits, joints, "joint_limits")
        fastest = (joint_values(max_change, joints, "max_change", 0.0) if max_change.strip()
                   else np.full(joints, np.inf))
        return cls(low, high, fastest)

    def clamp(self, command: np.ndarray) -> np.ndarray:
        """Return the nearest command inside the bounds."""
        clamped: np.ndarray = np.minimum(np.maximum(command, self.low), self.high)
        return clamped

    def approach(self, last: np.ndarray, command: np.ndarray, seconds: float) -> np.ndarray:
        """Return how far towards ``command`` one may be ``seconds`` after ``last``."""
        if self.is_unhurried:
            return command
        reach = self.max_change * seconds
        return np.clip(command, last - reach, last + reach) if seconds > 0 else last


def safe_values(text: str, joints: int, control_type: str, limits: CommandLimits
                ) -> np.ndarray | None:
    """Return the safe command, float64 (joints,), None to hold the last.

    ``text``: zero, hold, numbers as JSON, or auto: hold for positions, else zero.  Raises
    ValueError for anything else, and for a command beyond ``limits``.
    """
    wanted = text.strip()
    if wanted == "auto":
        wanted = "hold" if control_type == "position" else "zero"
    if wanted == "hold":
        return None
    try:
        safe = np.zeros(joints) if wanted == "zero" else joint_values(
            wanted, joints, "safe_command")
    except ValueError:
        raise ValueError(f"widget 'safe_command': expected one of {', '.join(_SAFE)} or a list "
                         f"of {joints} numbers, found {wanted!r:.80}") from None
    if (limits.clamp(safe) != safe).any():
        raise ValueError(f"widget 'safe_command': {wanted} is beyond joint_limits")
    return safe


def joint_pairs(text: str, joints: int, widget: str) -> np.ndarray:
    """Return ``[low, high]`` for all joints, or a list of such pairs, as float64 (2, joints).

    Raises ValueError for anything else, and for a low number above the high one.
    """
    pairs = json_of(text, widget)
    if isinstance(pairs, list) and len(pairs) == 2 and all(map(_is_number, pairs)):
        pairs = [pairs] * joints
    if not (isinstance(pairs, list) and len(pairs) == joints and all(
            isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair))
            and pair[0] <= pair[1] for pair in pairs)):
        raise ValueError(f"widget {widget!r}: expected [low, high], or {joints} such pairs in a "
                         f"list, found {text!r:.80}")
    low_and_high: np.ndarray = np.array(pairs, np.float64).T
    return low_and_high


def joint_values(text: str, joints: int, widget: str, minimum: float = -math.inf) -> np.ndarray:
    """Return a JSON number or list of numbers as float64 (joints,); ValueError for others."""
    found = json_of(text, widget)
    values = [found] * joints if _is_number(found) else found
    if not (isinstance(values, list) and len(values) == joints
            and all(_is_number(value) and value >= minimum for value in values)):
        least = f" of at least {minimum:g}" if minimum > -math.inf else ""
        raise ValueError(f"widget {widget!r}: expected a number{least}, or {joints} in a list, "
                         f"found {text!r:.80}")
    return np.array(values, np.float64)


def json_of(text: str, widget: str) -> Any:
    """Return what a widget of numbers says; ValueError for what is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError(f"widget {widget!r}: expected numbers as JSON, found {text!r:.80}"
                         ) from None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and not math.isnan(value)
