"""How the learning rate goes on from where it starts."""

from __future__ import annotations

from typing import Any

from dnne_ros.rl.ppo_config import PPOConfig

_FACTOR = 1.5
_TOLERANCE = 2.0


class LearningRate:
    """The learning rate of one training, ``value``, by the schedule of its settings."""

    def __init__(self, config: PPOConfig):
        """Begin at the configured rate."""
        self.value = config.learning_rate
        self._started_at = config.learning_rate
        self._updates = 0

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

    def adapt(self, kl: float, config: PPOConfig, has_moved: bool) -> None:
        """React to how far the policy has moved since it acted, as rsl_rl does before each step.

        Beyond twice the desired divergence the rate falls to two thirds, below half of it it rises
        by one half; not for a policy that has not moved in this update: what there is of a
        divergence is then rounding, as acting and learning add numbers up in another order.
        """
        if kl > _TOLERANCE * config.desired_kl:
            self.value = max(config.min_learning_rate, self.value / _FACTOR)
        elif has_moved and 0.0 < kl < config.desired_kl / _TOLERANCE:
            self.value = min(config.max_learning_rate, self.value * _FACTOR)

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
