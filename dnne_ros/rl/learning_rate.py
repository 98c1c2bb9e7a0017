"""How the learning rate goes on from where it starts."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from dnne_ros.rl.ppo_config import PPOConfig

_FACTOR = 1.5
_TOLERANCE = 2.0


class LearningRate:
    """The learning rate of one training, ``value``, by the schedule of its settings.

    An adaptive rate reacts to how far the policy has moved since it acted, as rsl_rl's does
    before each step: beyond twice the desired divergence it falls to two thirds, below half of it
    it rises by one half; not for a policy that has not moved in this update: what there is of a
    divergence is then rounding, as acting and learning add numbers up in another order.
    """

    def __init__(self, config: PPOConfig):
        """Begin at the configured rate."""
        self.value = config.learning_rate
        self._started_at = config.learning_rate
        self._updates = 0
        self._has_moved = False

    @property
    def rate(self) -> float | Tensor:
        """What the optimizer takes the next step with."""
        return self.value

    def begin_update(self, config: PPOConfig) -> None:
        """Count an update, and set the rate that it begins with.

        An adaptive rate goes on from where it was, unless the configured one has changed.
        """
        if config.learning_rate != self._started_at:
            self.value = self._started_at = config.learning_rate
        if config.lr_schedule == "fixed":
            self.value = config.learning_rate
        elif config.lr_schedule == "linear":
            left = max(0.0, 1.0 - self._updates / config.schedule_updates)
            self.value = (config.min_learning_rate
                          + left * (config.learning_rate - config.min_learning_rate))
        self._updates += 1
        self._has_moved = False

    def adapt(self, kl: Tensor, config: PPOConfig) -> None:
        """React to ``kl``, (), how far the policy has moved, before a step."""
        moved = kl.item()
        if moved > _TOLERANCE * config.desired_kl:
            self.value = max(config.min_learning_rate, self.value / _FACTOR)
        elif self._has_moved and 0.0 < moved < config.desired_kl / _TOLERANCE:
            self.value = min(config.max_learning_rate, self.value * _FACTOR)
        self._has_moved = True

    def end_update(self) -> None:
        """Know the ``value`` with which the update has ended."""

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs, as JSON values."""
        return {"learning_rate": self.value, "started_at": self._started_at,
                "updates": self._updates}

    def restore(self, values: dict[str, Any]) -> None:
        """Go back to what `state` returned; nothing, of older checkpoints, changes nothing."""
        if values:
            self.value = values["learning_rate"]
            self._started_at = values["started_at"]
            self._updates = values["updates"]


class LearningRateOnDevice(LearningRate):
    """The same as a number of the device, float32, which adapts without anybody waiting for it."""

    def __init__(self, config: PPOConfig, device: torch.device):
        """Begin at the configured rate."""
        super().__init__(config)
        self._rate = torch.tensor(self.value, device=device)
        self._moved = torch.zeros((), dtype=torch.bool, device=device)

    @property
    def rate(self) -> float | Tensor:
        """What the optimizer takes the next step with: the same tensor, whatever it is."""
        return self._rate

    def begin_update(self, config: PPOConfig) -> None:
        """Count an update, and set the rate that it begins with."""
        super().begin_update(config)
        self._rate.fill_(self.value)
        self._moved.fill_(False)

    def adapt(self, kl: Tensor, config: PPOConfig) -> None:
        """React to ``kl``, (), how far the policy has moved, before a step."""
        rate = self._rate
        falls = kl > _TOLERANCE * config.desired_kl
        rises = self._moved & (kl > 0.0) & (kl < config.desired_kl / _TOLERANCE)
        rate.copy_(torch.where(
            falls, (rate / _FACTOR).clamp(min=config.min_learning_rate), torch.where(
                rises, (rate * _FACTOR).clamp(max=config.max_learning_rate), rate)))
        self._moved.fill_(True)

    def end_update(self) -> None:
        """Wait for the ``value`` with which the update has ended."""
        self.value = self._rate.item()
