"""Proximal policy optimisation with a clipped surrogate (Schulman et al. 2017)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dnne_ros.learning.finite import check_update
from dnne_ros.learning.flat_adam import FlatAdam
from dnne_ros.learning.flat_parameters import FlatParameters
from dnne_ros.rl.bootstrap import next_values, next_values_remembered
from dnne_ros.rl.captured_steps import CapturedSteps, Figures, Step
from dnne_ros.rl.gae import advantages_and_returns
from dnne_ros.rl.learning_rate import LearningRate, LearningRateOnDevice
from dnne_ros.rl.loss_gradient import AutogradGradient, LossGradient, LossTerms
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.ppo_config import PPOConfig
from dnne_ros.rl.rollout import Minibatch, Rollout
from dnne_ros.rl.symmetry import Symmetry
from dnne_ros.rl.written_gradient import WrittenGradient


@dataclass(frozen=True)
class UpdateStats:
    """What an update did: means over its minibatches.

    ``loss``: the total, policy_loss + value_coef·value_loss − entropy_coef·entropy, and what
    options add.  ``kl``: how far the policy moved from the one that acted, estimated as
    E[(ratio − 1) − log ratio].  ``clip_fraction``: share of ratios beyond the clip.
    ``grad_norm``: before it was clipped.  ``learning_rate``: of the last minibatch.
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

    def __init__(self, policy: ActorCritic, config: PPOConfig, generator: torch.Generator, *,
                 bfloat16: bool = False, compiled: bool = False,
                 symmetry: Symmetry | None = None):
        """Train ``policy``; ``generator`` shuffles the minibatches.

        ``bfloat16``: the networks compute in it, where torch's autocast finds it good enough;
        weights and losses stay float32.  ``compiled``: by torch.compile, which takes its time at
        the first update.  ``symmetry``: that of the task, which ``config`` says how to use;
        ValueError if it is of another policy.
        """
        self.policy = policy
        self.config = config
        self._generator = generator
        if symmetry is not None:
            symmetry.check(policy.spec)
        # The tensors themselves, which training changes in place; to list them takes a while.
        self._parameters = FlatParameters(policy)
        self._state = policy.state_dict()
        # All parameters in one, and what a module keeps beside them.
        self._looked_at = [self._parameters.vector.detach(), *policy.buffers()]
        self._gradient: LossGradient
        if bfloat16 or compiled or symmetry is not None or not WrittenGradient.fits(policy):
            self._gradient = AutogradGradient(
                policy, bfloat16=bfloat16, compiled=compiled, symmetry=symmetry)
        else:
            self._gradient = WrittenGradient(policy)
        self._optimizer = FlatAdam(self._parameters, config.learning_rate)
        device = self._parameters.vector.device
        self._learning_rate = LearningRate(config) if device.type == "cpu" else \
            LearningRateOnDevice(config, device)
        self._take_step: Step = self._step
        if device.type == "cuda" and not policy.spec.memory:  # episodes differ in their lengths
            self._take_step = CapturedSteps(self._step, device)

    def update(self, rollout: Rollout, last_observations: Tensor
               ) -> Generator[None, None, UpdateStats]:
        """Learn from a full ``rollout``; yields after each minibatch, returns what it did.

        Advantages are normalised over the whole rollout, not in each minibatch: every sample
        keeps its weight however the rollout is cut.  What the policy normalises values by is
        brought up to date first, what it normalises observations by at the end: while it learns,
        it sees what it has acted on.

        Args:
            rollout: full, and with the distributions if the learning rate is adaptive (ValueError
                otherwise); it is only read.
            last_observations: float32 (n, size), what the critic sees after the last step and
                any reset.

        """
        if not rollout.full:
            raise ValueError(f"expected {rollout.horizon} steps, found {len(rollout)}")
        config = self.config
        if config.lr_schedule == "adaptive" and rollout.means is None:
            raise ValueError("an adaptive learning rate needs a rollout that keeps distributions")
        self._learning_rate.begin_update(config)
        self._optimizer.set_learning_rate(self._learning_rate.rate)
        advantages, returns = self._targets(rollout, last_observations)
        self.policy.learn_returns(returns.flatten())
        sums = torch.zeros(len(_STATS) - 1, device=advantages.device)
        norms = torch.zeros((), device=advantages.device)
        count = 0
        for _ in range(config.num_epochs):
            for batch in rollout.minibatches(
                    advantages, returns, config.minibatch_size, self._generator):
                figures, norm = self._take_step(batch, config)
                sums += figures
                norms += norm
                count += 1
                yield
        self.policy.learn_observations(
            rollout.observations.flatten(0, 1), rollout.seen_by_critic.flatten(0, 1))
        # The one moment that waits for the device.
        sums = torch.cat([sums, norms.unsqueeze(0)])
        means = dict(zip(_STATS, (sums / count).tolist(), strict=True))
        self._learning_rate.end_update()
        return UpdateStats(**means, learning_rate=self._learning_rate.value)

    def check(self, stats: UpdateStats, what: str) -> None:
        """Raise `NotFiniteError` if an update has left a loss or a weight that is not finite."""
        figures = {name: getattr(stats, name) for name in ("loss", "value_loss", "grad_norm")}
        check_update(what, figures, self._looked_at, self._state.items(),
                     f"a learning rate of {stats.learning_rate:g} may be too large, or the "
                     "rewards or observations")

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return the optimizer's and the generator's state, as tensors and JSON values.

        The policy's weights are not among it: they are ``policy.state_dict()``.
        """
        return ({"generator": self._generator.get_state(), **self._optimizer.state()},
                self._learning_rate.state())

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go back to what `state` returned.

        Raises:
            ValueError: the state belongs to another policy; nothing has changed then.

        """
        if "generator" not in tensors:
            raise ValueError("saved optimizer: expected a generator's state, found nothing")
        self._optimizer.restore({
            name: tensor for name, tensor in tensors.items() if name != "generator"})
        self._generator.set_state(tensors["generator"])
        self._learning_rate.restore(values)

    def _targets(self, rollout: Rollout, last_observations: Tensor) -> tuple[Tensor, Tensor]:
        """Return normalised advantages and value targets, float32 (H, n)."""
        with torch.no_grad():
            advantages, returns = advantages_and_returns(
                rollout.rewards, rollout.values, self._next_values(rollout, last_observations),
                rollout.terminated, rollout.done, self.config.gamma, self.config.gae_lambda)
            std, mean = torch.std_mean(advantages, correction=0)
            return (advantages - mean) / (std + 1e-8), returns

    def _next_values(self, rollout: Rollout, last_observations: Tensor) -> Tensor:
        if rollout.memory is not None:
            return next_values_remembered(rollout, last_observations, self.policy.value_after)
        return next_values(
            rollout.values, self.policy.value(last_observations), rollout.timed_out,
            rollout.next_observations if rollout.knows_next else None, self.policy.value)

    def _step(self, batch: Minibatch, config: PPOConfig) -> Figures:
        """Take one step of Adam; return the figures of `LossTerms` and the gradient's norm, ()."""
        self._parameters.zero_gradients()
        terms = self._gradient(batch, config)
        if config.lr_schedule == "adaptive":
            self._adapt_learning_rate(batch, terms, config)
        norm = self._parameters.clip_gradients(config.max_grad_norm)
        self._optimizer.step()
        return terms.figures, norm

    def _adapt_learning_rate(self, batch: Minibatch, terms: LossTerms, config: PPOConfig
                             ) -> None:
        assert batch.means is not None  # rollouts for an adaptive rate keep them
        kl = self.policy.distribution.kl(batch.means, batch.stds, terms.mean, terms.std)
        self._learning_rate.adapt(kl.mean(), config)
        self._optimizer.set_learning_rate(self._learning_rate.rate)


_STATS = ("loss", "policy_loss", "value_loss", "entropy", "kl", "clip_fraction", "grad_norm")
"""Of a minibatch: the figures of `LossTerms`, and the norm of the gradient."""
