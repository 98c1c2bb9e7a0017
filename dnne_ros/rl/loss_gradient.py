"""The gradient of PPO's loss, as autograd finds it: for every policy and every option."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from dnne_ros.rl.losses import bounds_loss, surrogate_loss, value_loss
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.ppo_config import PPOConfig
from dnne_ros.rl.rollout import Minibatch
from dnne_ros.rl.symmetry import Symmetry


class LossTerms(NamedTuple):
    """What the loss of a minibatch of m transitions comes from, without gradients.

    Attributes:
        figures: float32 (6,): the total loss, those of policy and values, the entropy, how far
            the policy has moved (E[(ratio − 1) − log ratio]), the share of ratios beyond 1 ± ε.
        mean: (m, action size) or logits (m, choices), what the policy gives now.
        std: (action size,), or None where actions are choices.

    """

    figures: Tensor
    mean: Tensor
    std: Tensor | None


class LossGradient(Protocol):
    """What finds the gradient."""

    def __call__(self, batch: Minibatch, config: PPOConfig) -> LossTerms:
        """Add the gradient of the loss of ``batch`` to those of the policy's parameters, at 0."""


class AutogradGradient:
    """The gradient by backward differentiation of what `ActorCritic.evaluate` computes."""

    def __init__(self, policy: ActorCritic, *, bfloat16: bool, compiled: bool,
                 symmetry: Symmetry | None):
        """See `dnne_ros.rl.ppo.PPO`."""
        self._policy = policy
        self._symmetry = symmetry
        self._evaluate = policy.evaluate
        if bfloat16:
            device = next(policy.parameters()).device.type
            self._evaluate = torch.autocast(device, torch.bfloat16)(self._evaluate)
        if compiled:
            self._evaluate = torch.compile(self._evaluate, dynamic=True)

    def __call__(self, batch: Minibatch, config: PPOConfig) -> LossTerms:
        """Add the gradient of the loss of ``batch`` to those of the parameters."""
        symmetry, size = self._symmetry, len(batch.observations)
        if symmetry is not None and config.augment_mirrored:
            batch = symmetry.augmented(batch)
        log_prob, entropy, values, mean, std = self._evaluate(
            batch.observations, batch.actions, batch.critic_observations, batch.trajectories,
            batch.memory)
        log_ratio = log_prob - batch.log_prob
        ratio = log_ratio.exp()
        policy_loss, clipped = surrogate_loss(ratio, batch.advantages, config.clip_param)
        squared_error = value_loss(
            values, batch.returns, batch.values,
            config.clip_param if config.clip_value_loss else None, self._policy.value_scale)
        entropy = (entropy[:size] if entropy.dim() else entropy).mean()
        loss = policy_loss + config.value_coef * squared_error - config.entropy_coef * entropy
        if config.bounds_loss_coef and std is not None:
            loss = loss + config.bounds_loss_coef * bounds_loss(mean)
        if symmetry is not None and config.mirror_loss_coef:
            mirrored = mean[size:] if config.augment_mirrored else self._policy.means(
                symmetry.observations(batch.observations))
            loss = loss + config.mirror_loss_coef * symmetry.loss(mean[:size], mirrored)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's
        with torch.no_grad():
            figures = torch.stack([
                loss, policy_loss, squared_error, entropy, (ratio - 1.0 - log_ratio).mean(),
                (ratio != clipped).float().mean()])
            return LossTerms(figures, mean[:size].detach(), None if std is None else std.detach())
