"""Proximal policy optimisation with a clipped surrogate (Schulman et al. 2017)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dnne_ros.rl.bootstrap import next_values
from dnne_ros.rl.gae import advantages_and_returns
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.rollout import Minibatch, Rollout


@dataclass(frozen=True)
class PPOConfig:
    """Settings of PPO.

    ``clip_param``: how far the probability ratio may go from 1 (and, with ``clip_value_loss``,
    a value from the old one).  ``minibatch_size``: in transitions.
    """

    num_epochs: int = 4
    minibatch_size: int = 32
    gamma: float = 0.99
    gae_lambda: float = 0.95
    clip_param: float = 0.2
    value_coef: float = 0.5
    entropy_coef: float = 0.01
    learning_rate: float = 3e-4
    max_grad_norm: float = 0.5
    clip_value_loss: bool = False


@dataclass(frozen=True)
class UpdateStats:
    """What an update did: means over its minibatches.

    ``loss``: the total, policy_loss + value_coef·value_loss − entropy_coef·entropy.  ``kl``: how
    far the policy moved from the one that acted, estimated as E[(ratio − 1) − log ratio].
    ``clip_fraction``: share of ratios beyond the clip.  ``grad_norm``: before it was clipped.
    """

    loss: float
    policy_loss: float
    value_loss: float
    entropy: float
    kl: float
    clip_fraction: float
    grad_norm: float
    learning_rate: float


class PPO:
    """Trains ``policy`` in place.

    The same policy, rollouts, settings and generator state give the same weights, bit for bit.
    ``config`` may be replaced between updates.
    """

    def __init__(self, policy: ActorCritic, config: PPOConfig, generator: torch.Generator):
        """Train ``policy``; ``generator`` shuffles the minibatches."""
        self.policy = policy
        self.config = config
        self._generator = generator
        self._parameters = list(policy.parameters())
        # Fused: one kernel call for all parameters, a third of the time of the default here.
        self._optimizer = torch.optim.Adam(self._parameters, config.learning_rate, fused=True)

    def update(self, rollout: Rollout, last_observations: Tensor
               ) -> Generator[None, None, UpdateStats]:
        """Learn from a full ``rollout``; yields after each minibatch, returns what it did.

        Advantages are normalised over the whole rollout, not in each minibatch: every sample
        keeps its weight however the rollout is cut.

        Args:
            rollout: full (ValueError otherwise); it is only read.
            last_observations: float32 (n, observation size), after the last step and any reset.

        """
        if not rollout.full:
            raise ValueError(f"expected {rollout.horizon} steps, found {len(rollout)}")
        config = self.config
        for group in self._optimizer.param_groups:
            group["lr"] = config.learning_rate
        advantages, returns = self._targets(rollout, last_observations)
        sums = torch.zeros(len(_STATS), device=advantages.device)
        count = 0
        for _ in range(config.num_epochs):
            for batch in rollout.minibatches(
                    advantages, returns, config.minibatch_size, self._generator):
                sums += self._step(batch, config)
                count += 1
                yield
        # The one moment that waits for the device.
        means = dict(zip(_STATS, (sums / count).tolist(), strict=True))
        return UpdateStats(**means, learning_rate=config.learning_rate)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return the optimizer's and the generator's state, as tensors and JSON values.

        The policy's weights are not among it: they are ``policy.state_dict()``.
        """
        tensors = {"generator": self._generator.get_state()}
        for name, parameter in self.policy.named_parameters():
            for key, value in self._optimizer.state[parameter].items():
                tensors[f"{key}/{name}"] = value.detach().clone()
        return tensors, {}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go back to what `state` returned.

        Raises:
            ValueError: the state belongs to another policy; nothing has changed then.

        """
        state: dict[Tensor, dict[str, Tensor]] = {}
        expected = {"generator"}
        if len(tensors) > 1:  # an optimizer that has not stepped has nothing to save
            for name, parameter in self.policy.named_parameters():
                state[parameter] = {}
                for key, shape in (("step", ()), ("exp_avg", parameter.shape),
                                   ("exp_avg_sq", parameter.shape)):
                    saved = tensors.get(f"{key}/{name}")
                    expected.add(f"{key}/{name}")
                    if saved is None or saved.shape != shape:
                        found = "nothing" if saved is None else tuple(saved.shape)
                        raise ValueError(f"saved optimizer, {key}/{name}: expected "
                                         f"{tuple(shape)}, found {found}")
                    state[parameter][key] = saved.detach().clone()
        if set(tensors) != expected:
            raise ValueError(f"saved optimizer: expected {', '.join(sorted(expected))}, "
                             f"found {', '.join(sorted(tensors))}")
        self._optimizer.state.clear()
        self._optimizer.state.update(state)
        self._generator.set_state(tensors["generator"])

    def _targets(self, rollout: Rollout, last_observations: Tensor) -> tuple[Tensor, Tensor]:
        """Return normalised advantages and value targets, float32 (H, n)."""
        with torch.no_grad():
            following = next_values(
                rollout.values, self.policy.value(last_observations), rollout.timed_out,
                rollout.next_observations if rollout.knows_next else None, self.policy.value)
            advantages, returns = advantages_and_returns(
                rollout.rewards, rollout.values, following, rollout.terminated,
                rollout.terminated | rollout.timed_out,
                self.config.gamma, self.config.gae_lambda)
            std, mean = torch.std_mean(advantages, correction=0)
            return (advantages - mean) / (std + 1e-8), returns

    def _step(self, batch: Minibatch, config: PPOConfig) -> Tensor:
        """Take one step of Adam; return float32 (len(_STATS),), on the device."""
        log_prob, entropy, values, _, _ = self.policy.evaluate(batch.observations, batch.actions)
        log_ratio = log_prob - batch.log_prob
        ratio = log_ratio.exp()
        clipped = ratio.clamp(1.0 - config.clip_param, 1.0 + config.clip_param)
        policy_loss = -torch.min(ratio * batch.advantages, clipped * batch.advantages).mean()
        value_loss = _value_loss(values, batch, config)
        entropy = entropy.mean()
        loss = policy_loss + config.value_coef * value_loss - config.entropy_coef * entropy

        self._optimizer.zero_grad()
        loss.backward()
        grad_norm = nn.utils.clip_grad_norm_(self._parameters, config.max_grad_norm)
        self._optimizer.step()
        with torch.no_grad():
            kl = (ratio - 1.0 - log_ratio).mean()
            clip_fraction = (ratio != clipped).float().mean()
            return torch.stack([
                loss, policy_loss, value_loss, entropy, kl, clip_fraction, grad_norm])


_STATS = ("loss", "policy_loss", "value_loss", "entropy", "kl", "clip_fraction", "grad_norm")
"""The order of what `PPO._step` returns."""


def warm_up() -> None:
    """Have torch load what its optimizers need, which takes it most of a second once."""
    torch.optim.Adam([torch.zeros(1, requires_grad=True)], fused=True).step()


def _value_loss(values: Tensor, batch: Minibatch, config: PPOConfig) -> Tensor:
    """Return the mean squared error; with ``clip_value_loss``, the worse of it and the clipped."""
    loss = (values - batch.returns).square()
    if config.clip_value_loss:
        moved = (values - batch.values).clamp(-config.clip_param, config.clip_param)
        loss = torch.max(loss, (batch.values + moved - batch.returns).square())
    return loss.mean()
