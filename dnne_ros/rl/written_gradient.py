"""The gradient of PPO's loss, written out for Gaussian policies of linear layers on a CPU.

Autograd spends as long on its graph and its new tensors as small networks take.  The operations
here are those that it would do; results differ from its in the last bits of float32.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dnne_ros.rl.distributions import HALF_LOG_2PI, LEAST_STD, Gaussian
from dnne_ros.rl.layers_gradient import LayersGradient
from dnne_ros.rl.loss_gradient import LossTerms
from dnne_ros.rl.losses import SOFT_BOUND, bounds_loss, value_loss
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.ppo_config import PPOConfig
from dnne_ros.rl.rollout import Minibatch


class WrittenGradient:
    """Sets the gradients of a policy that `fits`."""

    @staticmethod
    def fits(policy: ActorCritic) -> bool:
        """Tell whether ``policy`` is one: no memory, no pictures, no choices, not squashed."""
        return (type(policy.distribution) is Gaussian and not policy.spec.memory
                and policy.pictures is None
                and all(each.device.type == "cpu" for each in policy.parameters()))

    def __init__(self, policy: ActorCritic):
        """Differentiate ``policy``; see `dnne_ros.learning.flat_parameters` for its parameters."""
        self._policy = policy
        self._trunk = None if policy.trunk is None else LayersGradient(policy.trunk)
        self._actor, self._critic = LayersGradient(policy.actor), LayersGradient(policy.critic)
        self._is_log = policy.spec.std_type == "log"
        spread = policy.log_std if self._is_log else policy.std
        assert spread.grad is not None
        self._spread, self._spread_gradient = spread.detach(), spread.grad

    @torch.no_grad()
    def __call__(self, batch: Minibatch, config: PPOConfig) -> LossTerms:
        """Set the gradients of the policy's parameters to that of the loss of ``batch``."""
        features, for_critic = self._seen(batch)
        if self._trunk is not None:
            features = for_critic = self._trunk.forward(features)
        mean, output = self._actor.forward(features), self._critic.forward(for_critic)

        # log π(a) = −½ Σ z² − Σ log σ − ½ n log 2π with z = (a − μ) / σ.
        std = self._spread.exp() if self._is_log else self._spread.clamp(min=LEAST_STD)
        log_std = (self._spread if self._is_log else std.log()).sum()
        distance = (batch.actions - mean).div_(std)
        constant = log_std + mean.shape[1] * HALF_LOG_2PI
        log_ratio = distance.square().sum(-1).mul_(-0.5).sub_(constant).sub_(batch.log_prob)
        ratio = log_ratio.exp()
        entropy = log_std + mean.shape[1] * (0.5 + HALF_LOG_2PI)

        # The smaller of r·Â and clip(r)·Â; where it is the second, the gradient is 0.
        clipped = ratio.clamp(1.0 - config.clip_param, 1.0 + config.clip_param)
        weighted, limited = ratio * batch.advantages, clipped * batch.advantages
        policy_loss = torch.min(weighted, limited).mean().neg_()
        # ∂loss/∂log π(a), as ∂r/∂log π(a) = r.
        of_log_prob = weighted.masked_fill_(weighted > limited, 0.0).div_(-len(mean)).unsqueeze(1)
        # ∂log π/∂μ = z/σ and ∂log π/∂log σ = z² − 1.
        of_distance = of_log_prob * distance
        of_mean = of_distance / std
        of_log_std = of_distance.mul_(distance).sub_(of_log_prob).sum(0) - config.entropy_coef
        self._spread_gradient.copy_(of_log_std if self._is_log else torch.where(
            self._spread >= LEAST_STD, of_log_std / std, 0.0))

        of_output, squared_error = self._values(output, batch, config)
        loss = policy_loss + config.value_coef * squared_error - config.entropy_coef * entropy
        if config.bounds_loss_coef:
            loss += config.bounds_loss_coef * bounds_loss(mean)
            beyond = (mean.abs() - SOFT_BOUND).clamp_(min=0.0).mul_(mean.sign())
            of_mean.add_(beyond, alpha=2.0 * config.bounds_loss_coef / len(mean))
        self._backward(features, of_mean, of_output)
        return LossTerms(loss, policy_loss, squared_error, entropy, log_ratio, ratio, clipped,
                         mean, std)

    def _seen(self, batch: Minibatch) -> tuple[Tensor, Tensor]:
        """Return what actor and critic see, normalised."""
        policy, seen = self._policy, batch.observations
        if policy.observation_normalizer is not None:
            seen = policy.observation_normalizer.forward(seen)
        for_critic = batch.critic_observations
        if for_critic is None:
            return seen, seen
        if policy.critic_observation_normalizer is not None:
            for_critic = policy.critic_observation_normalizer.forward(for_critic)
        return seen, for_critic

    def _values(self, output: Tensor, batch: Minibatch, config: PPOConfig
                ) -> tuple[Tensor, Tensor]:
        """Return the gradient of the critic's ``output``, (m, 1), and the loss of values, ()."""
        normalizer = self._policy.value_normalizer
        values = output.squeeze(1)
        scale = None
        if normalizer is not None:
            scale = normalizer.scale
            values = values * scale + normalizer.mean
        clip = config.clip_param if config.clip_value_loss else None
        loss = value_loss(values, batch.returns, batch.values, clip, scale)
        # ∂error²/∂output, in units of the scale that stands between output and value.
        gradient = values - batch.returns
        if scale is not None:
            gradient.div_(scale)
        if clip is not None:
            limit = clip if scale is None else clip * scale
            moved = values - batch.values
            is_beyond = moved.abs() > limit
            clipped = batch.values + moved.sign().mul_(limit) - batch.returns
            if scale is not None:
                clipped.div_(scale)
            # Where the clipped value is the worse one, this one counts for nothing.
            gradient.masked_fill_(is_beyond & (clipped.abs() > gradient.abs()), 0.0)
        return gradient.mul_(2.0 * config.value_coef / len(gradient)).unsqueeze(1), loss

    def _backward(self, features: Tensor, of_mean: Tensor, of_output: Tensor) -> None:
        if self._trunk is None:
            self._actor.backward(of_mean)
            self._critic.backward(of_output)
            return
        of_features, of_critic = torch.empty_like(features), torch.empty_like(features)
        self._actor.backward(of_mean, of_features)
        self._critic.backward(of_output, of_critic)
        self._trunk.backward(of_features.add_(of_critic))
