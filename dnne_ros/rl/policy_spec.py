"""What a policy is made of, known without torch."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

ACTIVATIONS = ("relu", "tanh", "elu")
"""What may stand between the layers."""
MEMORIES = ("", "gru", "lstm")
"""What may stand before them; "": nothing, the policy sees the present alone."""
STD_TYPES = ("log", "scalar")
_TUPLES = ("hidden_sizes", "critic_hidden_sizes", "choices", "picture")
Convolution = tuple[int, int, int]
"""How many kernels, of what size, and how far one is from the next."""


@dataclass(frozen=True)
class PolicySpec:
    """What a policy is made of, without its weights.

    ``action_size``: length of an action; discrete: the number of choices, of all together where
    one action is several ``choices``, so many of each.  ``hidden_sizes``: of the actor and, unless
    ``critic_hidden_sizes`` says otherwise, of the critic, each for itself unless
    ``shared_trunk``.  ``init_log_std``: where the logarithm of the Gaussian's standard deviation
    starts; it is learned, as logarithm or itself (``std_type``), and the same in every state.
    ``squash``: actions go through tanh.  ``normalize_observations``, ``normalize_values``: the
    networks see observations, and learn values, in running standard deviations from the running
    mean.  ``critic_observation_size``: of what the critic sees, if that is not what the actor sees
    (0).  ``picture``: (channels, height, width) of one that the last numbers of an observation
    are, and ``convolutions`` on it; a critic that sees other observations sees none.
    ``memory``: one of `MEMORIES`, with so many layers of so many units for each of the two.
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
    critic_observation_size: int = 0
    critic_hidden_sizes: tuple[int, ...] | None = None
    memory: str = ""
    memory_size: int = 64
    memory_layers: int = 1
    std_type: str = "log"
    squash: bool = False
    choices: tuple[int, ...] = ()
    picture: tuple[int, ...] = ()
    convolutions: tuple[Convolution, ...] = ()

    def __post_init__(self) -> None:
        """Refuse sizes below 1, unknown words, and what does not go together (ValueError)."""
        for name, known in (("activation", ACTIVATIONS), ("memory", MEMORIES),
                            ("std_type", STD_TYPES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}: expected one of {', '.join(filter(None, known))}, "
                                 f"found {getattr(self, name)!r}")
        sizes = (self.observation_size, self.action_size, *self.hidden_sizes,
                 *(self.critic_hidden_sizes or ()), self.memory_size, self.memory_layers)
        if min(sizes) < 1:
            raise ValueError(f"expected sizes from 1, found {sizes}")
        if self.choices and (not self.discrete or sum(self.choices) != self.action_size):
            raise ValueError(f"choices: expected {self.action_size} of a discrete policy in all, "
                             f"found {self.choices}")
        pixels = math.prod(self.picture)
        if self.picture and (len(self.picture) != 3 or not 0 < pixels <= self.observation_size):
            raise ValueError(f"picture: expected channels, height and width of at most "
                             f"{self.observation_size} numbers, found {self.picture}")
        if self.shared_trunk and (apart := self._apart()):
            raise ValueError(f"shared_trunk: actor and critic cannot share layers with {apart}")

    def _apart(self) -> str:
        """Return what makes actor and critic different from their first layer on."""
        names = ("critic_observation_size", "critic_hidden_sizes", "memory", "picture")
        return next((name for name in names if getattr(self, name)), "")

    @property
    def seen_by_critic(self) -> int:
        """Return how many numbers the critic sees."""
        return self.critic_observation_size or self.observation_size

    def to_json(self) -> dict[str, Any]:
        """Return a dictionary of JSON values."""
        values = asdict(self)
        return values | {name: list(values[name]) for name in _TUPLES
                         if values[name] is not None} | {
            "convolutions": [list(each) for each in self.convolutions]}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> PolicySpec:
        """Undo `to_json`, also of a policy that was saved before there was all of it."""
        tuples = {name: tuple(values[name]) for name in _TUPLES if values.get(name) is not None}
        convolutions = tuple(tuple(each) for each in values.get("convolutions", ()))
        return cls(**values | tuples | {"convolutions": convolutions})
