"""Domain randomisation: how the environments' physics differ, as one line of text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields

Range = tuple[float, float]

_ENTRY = re.compile(r"(\w+)\s*:\s*(\S+?)(?:\s*\.\.\s*(\S+))?")


@dataclass(frozen=True)
class Randomization:
    """The range of each quantity; every episode draws anew, evenly, in each environment.

    Attributes:
        mass: factor on the masses and moments of inertia, for each body by itself.
        damping: of each joint, which opposes its speed: N·s/m of a sliding one, N·m·s/rad of a
            hinge.
        gain: factor on what the actuators exert.

    """

    mass: Range = (1.0, 1.0)
    damping: Range = (0.0, 0.0)
    gain: Range = (1.0, 1.0)

    @classmethod
    def parse(cls, text: str) -> Randomization | None:
        """Read ``mass:0.8..1.2, damping:0..0.1, gain:0.9..1.1``; None for an empty text.

        What is not named stays as it is; one number stands for a range without width.

        Raises:
            ValueError: saying what was expected and found.

        """
        ranges: dict[str, Range] = {}
        names = [field.name for field in fields(cls)]
        for entry in text.split(",") if text.strip() else ():
            match = _ENTRY.fullmatch(entry.strip())
            if match is None:
                raise ValueError(f"expected entries such as mass:0.8..1.2, found {entry!r:.60}")
            name, low, high = match[1], match[2], match[3] or match[2]
            if name not in names:
                raise ValueError(f"expected one of {', '.join(names)}, found {name!r:.60}")
            if name in ranges:
                raise ValueError(f"{name} is there twice")
            ranges[name] = _range(name, low, high)
        return cls(**ranges) if ranges else None

    def __str__(self) -> str:
        return ", ".join(f"{field.name}:{low!r}..{high!r}" for field in fields(self)
                         for low, high in [getattr(self, field.name)])


def _range(name: str, low: str, high: str) -> Range:
    try:
        bounds = float(low), float(high)
    except ValueError:
        raise ValueError(f"{name}: expected numbers, found {low!r:.40} and {high!r:.40}") from None
    smallest = "above 0" if name == "mass" else "from 0"
    fits = bounds[0] > 0.0 if name == "mass" else bounds[0] >= 0.0
    if not (fits and bounds[0] <= bounds[1] and math.isfinite(bounds[1])):
        raise ValueError(f"{name}: expected a range {smallest} upwards, found {low}..{high}")
    return bounds
