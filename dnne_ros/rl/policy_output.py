"""What a policy says at one step, and the one array that it travels in; also without torch."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dnne_ros.arrays import as_array, as_tensor, is_on_cpu, joined

if TYPE_CHECKING:
    from torch import Tensor

_COLUMN = re.compile(r"(\w+)(?:\[(\d+)\])?")


@dataclass(frozen=True)
class PolicyOutput:
    """What a policy says about n environments at one step; all float32.

    Attributes:
        observations: (n, observation size), what the policy saw.
        actions: (n, action size), the sample; discrete: the index of each choice.
        log_prob: (n,), logarithm of the sample's probability (density).
        value: (n,), the expected discounted return.
        mean: (n, action size), of the Gaussian; discrete: (n, choices), the logits.
        std: (n, action size), of the Gaussian; discrete: None.
        critic_observations: (n, their size), what the critic saw; None: the same.
        memory: (n, its width), what the policy remembered when it saw them; None of one that
            remembers nothing.

    """

    observations: Tensor
    actions: Tensor
    log_prob: Tensor
    value: Tensor
    mean: Tensor
    std: Tensor | None
    critic_observations: Tensor | None = None
    memory: Tensor | None = None

    @property
    def columns(self) -> str:
        """Name the columns of `to_array`: ``observations[4],actions[1],log_prob,…``."""
        return _columns(tuple((name, part.shape[1] if part.ndim > 1 else 0)
                              for name, part in self._parts()))

    def to_array(self) -> np.ndarray:
        """Return float32 (n, fields), the parts side by side."""
        parts = [part for _, part in self._parts()]
        if not is_on_cpu(self.observations):  # a device is waited for once
            return as_array(joined(list(map(_as_columns, parts)), axis=1))
        return np.concatenate(list(map(_as_columns, map(as_array, parts))), axis=1)

    @classmethod
    def from_array(cls, array: np.ndarray, columns: str) -> PolicyOutput:
        """Undo `to_array`, exactly.  The parts are views of ``array``, if that can be written to.

        Raises:
            ValueError: ``columns`` is not a list that `columns` makes, or has another width.

        """
        places, width = _places(columns)
        if width != array.shape[1]:
            raise ValueError(f"expected {width} columns ({columns}), found {array.shape[1]}")
        own = array if array.flags.writeable else array.copy()
        parts: dict[str, Any] = dict.fromkeys(_OPTIONAL)
        for name, place in places:
            parts[name] = as_tensor(own[:, place])
        return cls(**parts)

    def _parts(self) -> list[tuple[str, Tensor]]:
        parts = [(name, getattr(self, name)) for name in _NAMES]
        return [(name, part) for name, part in parts if part is not None]


def _as_columns(part: Any) -> Any:
    """Return a part of one number a row as a column."""
    return part[:, None] if part.ndim == 1 else part


_NAMES = tuple(field.name for field in fields(PolicyOutput))
_OPTIONAL = ("std", "critic_observations", "memory")


@lru_cache(maxsize=64)
def _columns(sizes: tuple[tuple[str, int], ...]) -> str:
    """Name the columns of parts of so many columns each; 0: of one that is no axis."""
    return ",".join(f"{name}[{size}]" if size else name for name, size in sizes)


@lru_cache(maxsize=64)
def _places(columns: str) -> tuple[list[tuple[str, int | slice]], int]:
    """Return which columns each part has, by name, and how many there are."""
    places: dict[str, int | slice] = {}
    start = 0
    for column in columns.split(","):
        match = _COLUMN.fullmatch(column)
        if match is None:
            raise ValueError(f"expected name or name[size], found {column!r} in {columns!r}")
        name, size = match[1], match[2]
        stop = start + int(size or 1)
        places[name] = slice(start, stop) if size else start
        start = stop
    if sorted({*places, *_OPTIONAL}) != sorted(_NAMES):
        raise ValueError(f"expected columns {', '.join(_NAMES)}, found {columns!r}")
    return list(places.items()), start
