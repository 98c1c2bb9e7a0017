"""What a node writes into a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class NodeState:
    """Everything a node needs to go on as if it had never stopped.

    ``weights`` are model parameters by name, ``tensors`` the rest that is large or must stay
    exact (optimizer moments, random state, physics), ``values`` JSON-able counters.
    """

    weights: dict[str, Tensor] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
