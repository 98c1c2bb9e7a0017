"""One quantity of a sensor's message, and what becomes of it in another frame."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Meaning(Enum):
    """What a quantity is, which says how it looks from another frame."""

    NUMBERS = "numbers"
    """The same in every frame."""
    POINTS = "points"
    """x, y, z in the first three of the last axis: turned and moved."""
    VECTOR = "vector"
    """x, y, z: turned."""
    ROTATION = "rotation"
    """A quaternion x, y, z, w of something that is seen: turned."""
    ATTITUDE = "attitude"
    """A quaternion x, y, z, w of the sensor itself in the world (REP 145): that of the other
    frame, which moves along."""
    COVARIANCE = "covariance"
    """(3, 3), of x, y, z: turned from both sides."""
    PICTURE = "picture"
    """(height, width) or (height, width, channels), in R, G, B, A; the same in every frame."""
    TEXT = "text"


@dataclass(frozen=True)
class Quantity:
    """What a message says, under one name; ``doc`` gives shape, unit and frame.

    ``field`` is where it is: a field path, or several with commas.  ``shape``: what a field of
    fixed size is to look like, () as many numbers as there are.  What is ``computed`` cannot be
    written into a message.
    """

    name: str
    doc: str
    field: str = ""
    meaning: Meaning = Meaning.NUMBERS
    shape: tuple[int, ...] = ()
    computed: bool = False
