"""How actions follow from what the actor's network gives."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from dnne_ros.arrays import is_on_cpu
from dnne_ros.rl.divergence import categorical_kl, gaussian_kl
from dnne_ros.rl.policy_spec import PolicySpec

HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
LEAST_STD = 1e-6
"""Of a standard deviation that is learned as it is, as in rsl_rl."""
_EDGE = 1.0 - 1e-6
"""A squashed action counts as no farther out: in float32, tanh gives 1 from 9 on."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(12)
_STANDARD_NORMAL = tuple(zip(_NODES.tolist(), (_WEIGHTS / _WEIGHTS.sum()).tolist(), strict=True))
"""Points and weights for the mean of a function of a standard normal number (Gauss-Hermite)."""


class Deviation(NamedTuple):
    """Of a Gaussian, the same in every state: float32 (action size,) each."""

    std: Tensor
    log_std: Tensor

    @classmethod
    def of_log(cls, log_std: Tensor) -> Deviation:
        """Return it, of what is learned as a logarithm."""
        return cls(log_std.exp(), log_std)

    @classmethod
    def of_scalar(cls, std: Tensor) -> Deviation:
        """Return it, of what is learned as it is."""
        std = std.clamp(min=LEAST_STD)
        return cls(std, std.log())


class Distribution(ABC):
    """Actions (n, action size), given the network's ``outputs`` (n, outputs).

    ``deviation`` is that of Gaussians; None where actions are choices.
    """

    @abstractmethod
    def draw(self, outputs: Tensor, deviation: Deviation | None,
             generator: torch.Generator | None) -> Tensor:
        """Return actions drawn from ``generator``; None: the likeliest."""

    def drawn(self, outputs: Tensor, deviation: Deviation | None,
              generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Return what `draw` does, and its log π(a)."""
        actions = self.draw(outputs, deviation, generator)
        return actions, self.log_prob(actions, outputs, deviation)

    @abstractmethod
    def log_prob(self, actions: Tensor, outputs: Tensor, deviation: Deviation | None) -> Tensor:
        """Return log π(a), (n,)."""

    @abstractmethod
    def entropy(self, outputs: Tensor, deviation: Deviation | None) -> Tensor:
        """Return the entropy, (n,) or, where it is the same in every state, ()."""

    @abstractmethod
    def kl(self, old: Tensor, old_std: Tensor | None, outputs: Tensor, std: Tensor | None
           ) -> Tensor:
        """Return how far new outputs have gone from old ones, (n,)."""


class Gaussian(Distribution):
    """The network gives means."""

    def draw(self, outputs: Tensor, deviation: Deviation | None,
             generator: torch.Generator | None) -> Tensor:
        """Return means, or means with noise."""
        if generator is None:
            return outputs
        assert deviation is not None
        noise = torch.randn(outputs.shape, generator=generator, device=outputs.device)
        return torch.addcmul(outputs, deviation.std, noise)

    def drawn(self, outputs: Tensor, deviation: Deviation | None,
              generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Return actions and log π(a), for which the noise need not be found again."""
        if generator is None:
            return super().drawn(outputs, deviation, generator)
        assert deviation is not None
        noise = torch.randn(outputs.shape, generator=generator, device=outputs.device)
        return (torch.addcmul(outputs, deviation.std, noise),
                torch.sub(self._peak(deviation), noise.square_().sum(-1), alpha=0.5))

    _last: tuple[Deviation, Tensor] | None = None

    def _peak(self, deviation: Deviation) -> Tensor:
        """Return log π of the mean, (), which is the same as long as the ``deviation`` is."""
        if self._last is None or self._last[0] is not deviation:
            log_std = deviation.log_std.detach()
            self._last = deviation, -(log_std.sum() + log_std.numel() * HALF_LOG_2PI)
        return self._last[1]

    def log_prob(self, actions: Tensor, outputs: Tensor, deviation: Deviation | None) -> Tensor:
        """Return log N(actions; mean, std) summed over the action's dimensions, (n,)."""
        assert deviation is not None
        distance = ((actions - outputs) / deviation.std).square().sum(-1)
        constant = deviation.log_std.sum() + outputs.shape[-1] * HALF_LOG_2PI
        return -0.5 * distance - constant

    def entropy(self, outputs: Tensor, deviation: Deviation | None) -> Tensor:
        """Return ½ + ½·log 2π + log σ for each dimension, summed."""
        assert deviation is not None
        return deviation.log_std.sum() + outputs.shape[-1] * (0.5 + HALF_LOG_2PI)

    def kl(self, old: Tensor, old_std: Tensor | None, outputs: Tensor, std: Tensor | None
           ) -> Tensor:
        """See `dnne_ros.rl.divergence.gaussian_kl`."""
        assert old_std is not None and std is not None
        return gaussian_kl(old, old_std, outputs, std)


class SquashedGaussian(Gaussian):
    """A Gaussian whose draws go through tanh, so that actions are within ±1 by themselves.

    Divergences are those of the Gaussians, which tanh does not change.
    """

    def draw(self, outputs: Tensor, deviation: Deviation | None,
             generator: torch.Generator | None) -> Tensor:
        """Return tanh of what the Gaussian gives."""
        return super().draw(outputs, deviation, generator).tanh()

    def drawn(self, outputs: Tensor, deviation: Deviation | None,
              generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Return actions and log π(a) of them as they are, rounded by tanh."""
        return Distribution.drawn(self, outputs, deviation, generator)

    def log_prob(self, actions: Tensor, outputs: Tensor, deviation: Deviation | None) -> Tensor:
        """Return log N(artanh a) − Σ log(1 − a²)."""
        inside = actions.clamp(-_EDGE, _EDGE)
        return super().log_prob(inside.atanh(), outputs, deviation) \
            - (1.0 - inside.square()).log().sum(-1)

    def entropy(self, outputs: Tensor, deviation: Deviation | None) -> Tensor:
        """Return the Gaussian's entropy + E[Σ log(1 − tanh² u)], u drawn from it.

        There is no closed form, so the mean is that of 12 points (Gauss-Hermite quadrature).
        −log π of past actions has the right value, but not the gradient: its mean is 0, and no
        bound holds it.
        """
        assert deviation is not None
        beyond = torch.zeros_like(outputs)
        for node, weight in _STANDARD_NORMAL:
            drawn = torch.add(outputs, deviation.std, alpha=node)
            beyond = torch.add(beyond, softplus(-2.0 * drawn), alpha=weight)
        squeezed = 2.0 * (math.log(2.0) - outputs - beyond)
        return super().entropy(outputs, deviation) + squeezed.sum(-1)


class Choices(Distribution):
    """The network gives logits, those of one choice after those of the other.

    An action has a column for each choice: the index of what was chosen.  Choices are independent
    of each other, so that all below are sums over them.
    """

    def __init__(self, sizes: tuple[int, ...]):
        """``sizes``: how many there are to choose from, of each choice."""
        self._sizes = sizes

    def draw(self, outputs: Tensor, deviation: Deviation | None,
             generator: torch.Generator | None) -> Tensor:
        """Return indices, as floats."""
        chosen = [logits.argmax(-1, keepdim=True) if generator is None else
                  _chosen(logits.softmax(-1), generator)
                  for logits in self._split(outputs)]
        return (chosen[0] if len(chosen) == 1 else torch.cat(chosen, -1)).float()

    def log_prob(self, actions: Tensor, outputs: Tensor, deviation: Deviation | None) -> Tensor:
        """Return Σ log p of what was chosen."""
        columns = torch.split(actions.long(), 1, -1)
        return _sum([logits.log_softmax(-1).gather(-1, chosen).squeeze(-1)
                     for logits, chosen in zip(self._split(outputs), columns, strict=True)])

    def entropy(self, outputs: Tensor, deviation: Deviation | None) -> Tensor:
        """Return −Σ p·log p."""
        log_probs = [logits.log_softmax(-1) for logits in self._split(outputs)]
        return _sum([-(each.exp() * each).sum(-1) for each in log_probs])

    def kl(self, old: Tensor, old_std: Tensor | None, outputs: Tensor, std: Tensor | None
           ) -> Tensor:
        """See `dnne_ros.rl.divergence.categorical_kl`."""
        return _sum([categorical_kl(before, now) for before, now in
                     zip(self._split(old), self._split(outputs), strict=True)])

    def _split(self, outputs: Tensor) -> tuple[Tensor, ...]:
        return (outputs,) if len(self._sizes) == 1 else torch.split(
            outputs, list(self._sizes), -1)


def _chosen(chances: Tensor, generator: torch.Generator) -> Tensor:
    """Return indices (n, 1), drawn with the ``chances`` (n, choices)."""
    if is_on_cpu(chances):
        return torch.multinomial(chances, 1, generator=generator)
    # What torch does, but for its look at the chances, which waits for the device.
    waits = torch.empty_like(chances).exponential_(generator=generator)
    return (chances / waits).argmax(-1, keepdim=True)


def _sum(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.stack(parts).sum(0)


def distribution_of(spec: PolicySpec) -> Distribution:
    """Return the distribution of a policy's actions."""
    if spec.discrete:
        return Choices(spec.choices or (spec.action_size,))
    return SquashedGaussian() if spec.squash else Gaussian()
