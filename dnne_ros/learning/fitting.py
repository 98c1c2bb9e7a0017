"""Weights from elsewhere, held against those that a model has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

Shape = Sequence[int | None]
"""None: of any length."""


def misfits(expected: Mapping[str, Shape], found: Mapping[str, Tensor]) -> list[str]:
    """Return a line for each tensor that is not as expected: its name and both shapes."""
    lines = []
    for name in dict.fromkeys((*expected, *found)):
        wanted = expected.get(name)
        shape = tuple(found[name].shape) if name in found else None
        if wanted is None or shape is None or not _fits(wanted, shape):
            lines.append(f"{name}: expected {_text(wanted)}, found {_text(shape)}")
    return lines


def _fits(wanted: Shape, shape: Sequence[int]) -> bool:
    return len(wanted) == len(shape) and all(
        length in (None, size) for length, size in zip(wanted, shape, strict=True))


def _text(shape: Shape | None) -> str:
    if shape is None:
        return "nothing"
    inside = ", ".join("?" if length is None else str(length) for length in shape)
    return f"({inside},)" if len(shape) == 1 else f"({inside})"
