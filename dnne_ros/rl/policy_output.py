"""What a policy says at one step, and the one array that it travels in; also without torch."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from dnne_ros.arrays import joined

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
        return ",".join(name if part.ndim == 1 else f"{name}[{part.shape[1]}]"
                        for name, part in self._parts())

    def to_array(self) -> Tensor:
        """Return float32 (n, fields), the parts side by side."""
        return joined([part[:, None] if part.ndim == 1 else part
                       for _, part in self._parts()], axis=1)

    @classmethod
    def from_array(cls, array: Tensor, columns: str) -> PolicyOutput:
        """Undo `to_array`, exactly.  The parts are views of ``array``.

        Raises:
            ValueError: ``columns`` is not a list that `columns` makes, or has another width.

        """
        parts: dict[str, Any] = dict.fromkeys(("std", "critic_observations", "memory"))
        start = 0
        for column in columns.split(","):
            match = _COLUMN.fullmatch(column)
            if match is None:
                raise ValueError(f"expected name or name[size], found {column!r} in {columns!r}")
            name, size = match[1], match[2]
            stop = start + int(size or 1)
            parts[name] = array[:, start:stop] if size else array[:, start]
            start = stop
        names = [field.name for field in fields(cls)]
        if sorted(parts) != sorted(names):
            raise ValueError(f"expected columns {', '.join(names)}, found {columns!r}")
        if start != array.shape[1]:
            raise ValueError(f"expected {start} columns ({columns}), found {array.shape[1]}")
        return cls(**parts)

    def _parts(self) -> list[tuple[str, Tensor]]:
        parts = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [(name, part) for name, part in parts if part is not None]
