"""The terms of PPO's loss, each the mean over a minibatch of m transitions."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

SOFT_BOUND = 1.1
"""How far a mean may go before `bounds_loss` counts it: rl_games' number."""


def surrogate_loss(ratio: Tensor, advantages: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    """Return −mean(min(r·Â, clamp(r, 1 − ε, 1 + ε)·Â)), and the clamped ratios (m,).

    Schulman et al. 2017, arXiv:1707.06347, eq. 7, as something to minimise.

    Args:
        ratio: (m,), probability of each action now over that when it was drawn.
        advantages: float32 (m,).
        clip: ε.

    """
    clipped = ratio.clamp(1.0 - clip, 1.0 + clip)
    return -torch.min(ratio * advantages, clipped * advantages).mean(), clipped


def value_loss(values: Tensor, returns: Tensor, old_values: Tensor, clip: float | None,
               scale: Tensor | None = None) -> Tensor:
    """Return the mean squared error of ``values``.

    Args:
        values: (m,), what the critic says now.
        returns: float32 (m,), what it should have said.
        old_values: float32 (m,), what it said when the actions were drawn.
        clip: how far a value may move from the old one; beyond, the worse of the error and that
            of the value so clipped counts.  None: no limit.
        scale: the unit in which errors and ``clip`` are measured, (1,); None: 1.

    """
    errors = values - returns
    if scale is not None:
        errors = errors / scale
    loss = errors.square()
    if clip is not None:
        limit: Any = clip if scale is None else clip * scale  # torch knows no union of the two
        moved = (values - old_values).clamp(-limit, limit)
        clipped = old_values + moved - returns
        loss = torch.max(loss, (clipped if scale is None else clipped / scale).square())
    return loss.mean()


def bounds_loss(means: Tensor) -> Tensor:
    """Return how far the means (m, action size) of a Gaussian are beyond ±1.1, squared.

    rl_games' ``bound_loss``: where actions are clipped to ±1, nothing else brings a mean back
    that has gone far out.
    """
    return (means.abs() - SOFT_BOUND).clamp(min=0.0).square().sum(-1).mean()
