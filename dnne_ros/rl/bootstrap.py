"""What the critic says about what followed each step: the bootstrap of advantages."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from dnne_ros.arrays import is_on_cpu
from dnne_ros.rl.rollout import Rollout


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
    if not is_on_cpu(values):  # to ask which they are would wait for the device
        asked = critic(next_observations.flatten(0, 1)).view_as(values)
        return torch.where(timed_out, asked, following)
    if timed_out.any():
        following[timed_out] = critic(next_observations[timed_out])
    return following


def next_values_remembered(
        rollout: Rollout, last_observations: Tensor,
        critic: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Tensor:
    """Return what `next_values` does, of a critic that remembers what it saw.

    The rollout has what was remembered at its first step; it is gone through once more.

    Args:
        rollout: full; ``next_observations`` of it count where it knows them.
        last_observations: float32 (n, size), what the critic sees after the last step.
        critic: observations (m, size), memory (m, width) → values (m,), memory then.

    """
    memory = rollout.memory
    assert memory is not None
    following = torch.cat([rollout.values[1:], torch.zeros_like(rollout.values[:1])])
    for step, seen in enumerate(rollout.seen_by_critic):
        _, memory = critic(seen, memory)
        cut_off = rollout.timed_out[step]
        if not rollout.knows_next:
            following[step] = torch.where(cut_off, rollout.values[step], following[step])
        elif not is_on_cpu(memory):
            asked = critic(rollout.next_observations[step], memory)[0]
            following[step] = torch.where(cut_off, asked, following[step])
        elif cut_off.any():
            following[step, cut_off] = critic(
                rollout.next_observations[step, cut_off], memory[cut_off])[0]
        memory = torch.where(rollout.done[step].unsqueeze(1), 0.0, memory)
    last_values = critic(last_observations, memory)[0]
    following[-1] = torch.where(rollout.timed_out[-1], following[-1], last_values)
    return following
