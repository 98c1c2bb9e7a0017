"""Settings of PPO."""

from __future__ import annotations

from dataclasses import dataclass

SCHEDULES = ("fixed", "linear", "adaptive")


@dataclass(frozen=True)
class PPOConfig:
    """Settings of PPO.

    ``clip_param``: how far the probability ratio may go from 1 (and, with ``clip_value_loss``,
    a value from the old one, in units of the policy's ``value_scale``).  ``minibatch_size``: in
    transitions.  ``bounds_loss_coef``: weight of `dnne_ros.rl.losses.bounds_loss`, of continuous
    actions.  ``augment_mirrored`` and ``mirror_loss_coef``: how `dnne_ros.rl.symmetry` is learned,
    where there is one.

    ``lr_schedule``: ``fixed``; ``linear``, in ``schedule_updates`` equal steps down to
    ``min_learning_rate``; ``adaptive``, for each minibatch such that an update moves the policy by
    about ``desired_kl``, within ``min_learning_rate`` and ``max_learning_rate``.
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
    bounds_loss_coef: float = 0.0
    lr_schedule: str = "fixed"
    desired_kl: float = 0.01
    min_learning_rate: float = 1e-5
    max_learning_rate: float = 1e-2
    schedule_updates: int = 1000
    augment_mirrored: bool = False
    mirror_loss_coef: float = 0.0

    def __post_init__(self) -> None:
        """Refuse schedules that there are not (ValueError)."""
        if self.lr_schedule not in SCHEDULES:
            raise ValueError(f"lr_schedule: expected one of {', '.join(SCHEDULES)}, "
                             f"found {self.lr_schedule!r}")
