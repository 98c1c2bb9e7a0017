"""Groups of observations, or columns of them, as a text says it: ``state, camera[0:64]``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

CRITIC = "critic"
"""What rsl_rl and Isaac Lab call the observations of a critic."""
_ACTORS = ("actor", "policy")
"""... and of the actor."""
_MOST_COLUMNS = 1_000_000
"""Of a range: a typing error is not to fill the memory."""
_PART = re.compile(r"\s*([^\s,\[\]]+)\s*(?:\[([\d\s,:]+)\])?\s*(?:,|$)")


class Part(NamedTuple):
    """A group, or of a group the ``columns`` with these numbers; None: all of them."""

    group: str
    columns: tuple[int, ...] | None


def actors_group(names: Collection[str]) -> str | None:
    """Return the group for the actor: ``actor``, ``policy``, or the only one; None: which?"""
    known = next((name for name in _ACTORS if name in names), None)
    return next(iter(names)) if known is None and len(names) == 1 else known


def parse_groups(text: str) -> tuple[Part, ...]:
    """Return what ``state, camera`` or ``observations[0, 2:4]`` says; empty: nothing.

    ValueError for what says nothing.
    """
    parts: list[Part] = []
    at = 0
    while text[at:].strip():
        match = _PART.match(text, at)
        if match is None:
            raise ValueError(f"expected groups such as state, camera or observations[0, 2:4], "
                             f"found {text!r:.60}")
        parts.append(Part(match[1], None if match[2] is None else _columns(match[2])))
        at = match.end()
    return tuple(parts)


def _columns(text: str) -> tuple[int, ...]:
    columns: list[int] = []
    for piece in text.split(","):
        first, colon, stop = piece.partition(":")
        try:
            start = int(first)
            some = range(start, int(stop)) if colon else range(start, start + 1)
            if not 0 < len(some) <= _MOST_COLUMNS:
                raise ValueError
        except (ValueError, OverflowError):
            raise ValueError(f"expected columns such as 0, 2:4, found {text!r:.60}") from None
        columns += some
    return tuple(columns)


def select(groups: Mapping[str, Tensor], parts: Sequence[Part]) -> Tensor:
    """Return the parts side by side, each flat, float32 (n, columns): a copy."""
    import torch

    rows = [groups[part.group].flatten(1) for part in parts]
    return torch.cat([row if part.columns is None else row[:, list(part.columns)]
                      for row, part in zip(rows, parts, strict=True)], 1)
