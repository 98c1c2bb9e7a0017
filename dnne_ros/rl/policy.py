"""The policy: an actor that chooses actions and a critic that says what a state is worth."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dnne_ros.rl.policy_output import PolicyOutput

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "elu": nn.ELU}

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True)
class PolicySpec:
    """What a policy is made of, without its weights.

    ``action_size``: length of an action; discrete: the number of choices.  ``hidden_sizes``: of
    the actor and of the critic, which share nothing.  ``init_log_std``: where the logarithm of
    the Gaussian's standard deviation starts; it is learned, and the same in every state.
    """

    observation_size: int
    action_size: int
    hidden_sizes: tuple[int, ...] = (64, 64)
    activation: str = "elu"
    discrete: bool = False
    init_log_std: float = 0.0

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


class ActorCritic(nn.Module):
    """Two separate networks: observations → mean (or logits), observations → value.

    Weights start orthogonal, scaled by √2, by 0.01 for the actor's last layer (so that the first
    actions are centred and the Gaussian's width decides) and by 1 for the critic's; biases at 0.
    """

    def __init__(self, spec: PolicySpec, generator: torch.Generator | None = None):
        """Make networks of ``spec``, with weights drawn from ``generator`` (None: torch's)."""
        super().__init__()
        self.spec = spec
        self.actor = _network(spec, spec.action_size, 0.01, generator)
        self.critic = _network(spec, 1, 1.0, generator)
        if not spec.discrete:
            self.log_std = nn.Parameter(torch.full((spec.action_size,), spec.init_log_std))

    def value(self, observations: Tensor) -> Tensor:
        """Return the critic's value (n,) of ``observations`` (n, observation_size)."""
        return self.critic(observations).squeeze(-1)

    @torch.no_grad()
    def act(self, observations: Tensor, generator: torch.Generator, *,
            deterministic: bool = False) -> PolicyOutput:
        """Choose actions for ``observations``, float32 (n, observation_size).

        The sample comes from ``generator``; ``deterministic`` takes the likeliest action and
        leaves the generator alone.  ValueError for observations of another size.
        """
        if observations.dim() != 2 or observations.shape[1] != self.spec.observation_size:
            raise ValueError(
                f"expected observations (environments, {self.spec.observation_size}), "
                f"found {tuple(observations.shape)}")
        mean = self.actor(observations)
        value = self.value(observations)
        if self.spec.discrete:
            if deterministic:
                actions = mean.argmax(-1, keepdim=True).float()
            else:
                actions = torch.multinomial(mean.softmax(-1), 1, generator=generator).float()
            log_prob = _log_prob_of_choice(mean, actions)
            return PolicyOutput(observations, actions, log_prob, value, mean, None)
        std = self.log_std.exp()
        actions = mean
        if not deterministic:
            noise = torch.randn(mean.shape, generator=generator, device=mean.device)
            actions = mean + std * noise
        log_prob = self._log_prob(actions, mean, std)
        return PolicyOutput(observations, actions, log_prob, value, mean, std.expand_as(mean))

    def evaluate(self, observations: Tensor, actions: Tensor
                 ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None]:
        """Say of past ``actions`` what the policy thinks now, with gradients.

        Args:
            observations: float32 (n, observation_size).
            actions: float32 (n, action_size); discrete: (n, 1) indices.

        Returns:
            log_prob (n,); entropy, (n,) or, where it is the same in every state, (); value (n,);
            mean (n, action_size); std (action_size,), or None when discrete.

        """
        mean = self.actor(observations)
        value = self.value(observations)
        if self.spec.discrete:
            log_probs = mean.log_softmax(-1)
            entropy = -(log_probs.exp() * log_probs).sum(-1)
            return _log_prob_of_choice(mean, actions), entropy, value, mean, None
        std = self.log_std.exp()
        # Entropy of a Gaussian: ½ + ½·log 2π + log σ for each dimension.
        entropy = self.log_std.sum() + self.spec.action_size * (0.5 + _HALF_LOG_2PI)
        return self._log_prob(actions, mean, std), entropy, value, mean, std

    def _log_prob(self, actions: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        """Return log N(actions; mean, std) summed over the action's dimensions, (n,)."""
        distance = ((actions - mean) / std).square().sum(-1)
        constant = self.log_std.sum() + self.spec.action_size * _HALF_LOG_2PI
        return -0.5 * distance - constant


def _log_prob_of_choice(logits: Tensor, actions: Tensor) -> Tensor:
    return logits.log_softmax(-1).gather(-1, actions.long()).squeeze(-1)


def _network(spec: PolicySpec, outputs: int, last_gain: float,
             generator: torch.Generator | None) -> nn.Sequential:
    layers: list[nn.Module] = []
    size = spec.observation_size
    for hidden in spec.hidden_sizes:
        layers.append(_linear(size, hidden, math.sqrt(2.0), generator))
        layers.append(ACTIVATIONS[spec.activation]())
        size = hidden
    return nn.Sequential(*layers, _linear(size, outputs, last_gain, generator))


def _linear(inputs: int, outputs: int, gain: float,
            generator: torch.Generator | None) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain, generator)
    nn.init.zeros_(layer.bias)
    return layer
