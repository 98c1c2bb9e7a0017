"""Weights from elsewhere, held against those that a model has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

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


def named_as(expected: Collection[str], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights by the names that are ``expected``, and what is left over by its own.

    Others number their layers or name them in other ways: then what comes first is the first.  But
    a tensor with an expected name is that one, wherever it comes.
    """
    pairs = list(zip(expected, weights, strict=False))
    if any(theirs in expected and theirs != ours for ours, theirs in pairs):
        return dict(weights)
    named = {ours: weights[theirs] for ours, theirs in pairs}
    return named | dict(list(weights.items())[len(pairs):])


def _fits(wanted: Shape, shape: Sequence[int]) -> bool:
    return len(wanted) == len(shape) and all(
        length in (None, size) for length, size in zip(wanted, shape, strict=True))


def _text(shape: Shape | None) -> str:
    if shape is None:
        return "nothing"
    inside = ", ".join("?" if length is None else str(length) for length in shape)
    return f"({inside},)" if len(shape) == 1 else f"({inside})"
