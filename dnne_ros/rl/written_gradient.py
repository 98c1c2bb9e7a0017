"""The gradient of PPO's loss, written out for Gaussian policies of linear layers on a CPU.

Autograd spends as long on its graph and its new tensors as small networks take.  The operations
here are those that it would do; results differ from its in the last bits of float32.  What is
done for each transition, behind the networks, numpy does in half the time that torch takes to be
called.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from dnne_ros.rl.distributions import HALF_LOG_2PI, LEAST_STD, Gaussian
from dnne_ros.rl.layers_gradient import LayersGradient
from dnne_ros.rl.loss_gradient import LossTerms
from dnne_ros.rl.losses import SOFT_BOUND
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
        self._spread, self._spread_gradient = spread.detach().numpy(), spread.grad.numpy()

    @torch.no_grad()
    def __call__(self, batch: Minibatch, config: PPOConfig) -> LossTerms:
        """Set the gradients of the policy's parameters to that of the loss of ``batch``."""
        features, for_critic = self._seen(batch)
        if self._trunk is not None:
            features = for_critic = self._trunk.forward(features)
        mean, output = self._actor.forward(features), self._critic.forward(for_critic)
        with np.errstate(all="ignore"):  # an update is looked at as a whole
            std, of_mean, figures = self._loss(mean.numpy(), output.numpy()[:, 0], batch, config)
        self._backward(features, torch.from_numpy(of_mean), torch.from_numpy(self._of_output))
        return LossTerms(torch.tensor(figures, dtype=torch.float32), mean, torch.from_numpy(std))

    def _loss(self, mean: np.ndarray, output: np.ndarray, batch: Minibatch, config: PPOConfig
              ) -> tuple[np.ndarray, np.ndarray, list[float]]:
        """Return σ, ∂loss/∂μ, (m, action size), and the figures of `LossTerms`.

        ``mean`` and ``output`` (m,) are what the networks give.  The gradient of the deviation is
        set, that of the output left in ``_of_output``, (m, 1).
        """
        size, width = mean.shape
        # log π(a) = −½ Σ z² − Σ log σ − ½ n log 2π with z = (a − μ) / σ.
        std = np.exp(self._spread) if self._is_log else np.maximum(self._spread, LEAST_STD)
        log_std = float((self._spread if self._is_log else np.log(std)).sum())
        distance = batch.actions.numpy() - mean
        distance /= std
        log_ratio = np.einsum("ij,ij->i", distance, distance)
        log_ratio *= -0.5
        log_ratio -= log_std + width * HALF_LOG_2PI
        log_ratio -= batch.log_prob.numpy()
        ratio = np.exp(log_ratio)

        # The smaller of r·Â and clip(r)·Â; where it is the second, the gradient is 0.
        clipped = np.maximum(ratio, 1.0 - config.clip_param)
        np.minimum(clipped, 1.0 + config.clip_param, out=clipped)
        beyond = np.count_nonzero(clipped != ratio)
        advantages = batch.advantages.numpy()
        weighted = ratio * advantages
        clipped *= advantages
        policy_loss = -_mean(np.minimum(weighted, clipped))
        # ∂loss/∂log π(a), as ∂r/∂log π(a) = r.
        np.copyto(weighted, 0.0, where=weighted > clipped)
        weighted *= -1.0 / size
        of_log_prob = weighted[:, np.newaxis]
        # ∂log π/∂μ = z/σ and ∂log π/∂log σ = z² − 1.
        of_distance = of_log_prob * distance
        of_mean = of_distance / std
        of_distance *= distance
        of_distance -= of_log_prob
        of_log_std = np.add.reduce(of_distance, 0) - config.entropy_coef
        self._spread_gradient[:] = of_log_std if self._is_log else np.where(
            self._spread >= LEAST_STD, of_log_std / std, 0.0)

        squared_error = self._values(output, batch, config)
        entropy = log_std + width * (0.5 + HALF_LOG_2PI)
        loss = policy_loss + config.value_coef * squared_error - config.entropy_coef * entropy
        if config.bounds_loss_coef:
            outside = np.maximum(np.abs(mean) - SOFT_BOUND, 0.0)
            loss += config.bounds_loss_coef * float(np.square(outside).sum()) / size
            of_mean += outside * np.sign(mean) * (2.0 * config.bounds_loss_coef / size)
        ratio -= 1.0
        ratio -= log_ratio
        return std, of_mean, [loss, policy_loss, squared_error, entropy, _mean(ratio),
                              beyond / size]

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

    def _values(self, output: np.ndarray, batch: Minibatch, config: PPOConfig) -> float:
        """Return the loss of values of the critic's ``output``, (m,); keep its gradient."""
        normalizer = self._policy.value_normalizer
        returns, scale = batch.returns.numpy(), 1.0
        values = output
        if normalizer is not None:
            scale = normalizer.scale.item()
            values = output * scale + normalizer.mean.item()
        # ∂error²/∂output, in units of the scale that stands between output and value.
        errors = values - returns
        errors /= scale
        squares = np.square(errors)
        if config.clip_value_loss:
            limit = config.clip_param * scale
            old = batch.values.numpy()
            moved = values - old
            clipped = (old + np.clip(moved, -limit, limit) - returns) / scale
            # Where the clipped value is the worse one, this one counts for nothing.
            errors[(np.abs(moved) > limit) & (np.abs(clipped) > np.abs(errors))] = 0.0
            np.maximum(squares, np.square(clipped), out=squares)
        self._of_output = (errors * (2.0 * config.value_coef / len(errors)))[:, np.newaxis]
        return _mean(squares)

    def _backward(self, features: Tensor, of_mean: Tensor, of_output: Tensor) -> None:
        if self._trunk is None:
            self._actor.backward(of_mean)
            self._critic.backward(of_output)
            return
        of_features, of_critic = torch.empty_like(features), torch.empty_like(features)
        self._actor.backward(of_mean, of_features)
        self._critic.backward(of_output, of_critic)
        self._trunk.backward(of_features.add_(of_critic))


def _mean(numbers: np.ndarray) -> float:
    return float(np.add.reduce(numbers)) / len(numbers)
