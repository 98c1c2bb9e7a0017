"""What a policy is made of, known without torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

ACTIVATIONS = ("relu", "tanh", "elu")
"""What may stand between the layers."""


@dataclass(frozen=True)
class PolicySpec:
    """What a policy is made of, without its weights.

    ``action_size``: length of an action; discrete: the number of choices.  ``hidden_sizes``: of
    the actor and of the critic, each for itself unless ``shared_trunk``.  ``init_log_std``: where
    the logarithm of the Gaussian's standard deviation starts; it is learned, and the same in
    every state.  ``normalize_observations``, ``normalize_values``: the networks see observations,
    and learn values, in running standard deviations from the running mean.
    """

    observation_size: int
    action_size: int
    hidden_sizes: tuple[int, ...] = (64, 64)
    activation: str = "elu"
    discrete: bool = False
    init_log_std: float = 0.0
    shared_trunk: bool = False
    normalize_observations: bool = False
    normalize_values: bool = False

    def __post_init__(self) -> None:
        """Refuse sizes below 1 and unknown activations (ValueError)."""
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation: expected one of {', '.join(ACTIVATIONS)}, "
                             f"found {self.activation!r}")
        sizes = (self.observation_size, self.action_size, *self.hidden_sizes)
        if min(sizes) < 1:
            raise ValueError(f"expected sizes from 1, found {sizes}")

    def to_json(self) -> dict[str, Any]:
        """Return a dictionary of JSON values."""
        return asdict(self) | {"hidden_sizes": list(self.hidden_sizes)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> PolicySpec:
        """Undo `to_json`."""
        return cls(**values | {"hidden_sizes": tuple(values["hidden_sizes"])})
