"""What the critic says about what followed each step: the bootstrap of advantages."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def next_values(values: Tensor, last_values: Tensor, timed_out: Tensor,
                next_observations: Tensor | None,
                critic: Callable[[Tensor], Tensor]) -> Tensor:
    """Return V(o_{t+1} before any reset), float32 (H, n).

    While an episode goes on, the observation that follows is the one of the next step, whose
    value is already there.  After a termination nothing follows, and the entry means nothing.
    At a time-out the observation that followed was replaced by a reset:

    * with ``next_observations``, the critic is asked about it: exact;
    * without, V(o_t) stands in for V(o_{t+1}), as in rsl_rl: one step of the task seldom changes
      the value by much.

    Args:
        values: float32 (H, n), V(o_t).
        last_values: float32 (n,), V of the observations after the last step.
        timed_out: bool (H, n), episodes that ran out of time in that step.
        next_observations: float32 (H, n, observation size) before any reset, or None.
        critic: observations (m, observation size) → values (m,).

    """
    following = torch.cat([values[1:], last_values.unsqueeze(0)])
    if next_observations is None:
        return torch.where(timed_out, values, following)
    cut_off = next_observations[timed_out]
    if len(cut_off):
        following[timed_out] = critic(cut_off)
    return following
