"""Advantages: how much better an action turned out than the critic had expected."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def advantages_and_returns(
        rewards: Tensor, values: Tensor, next_values: Tensor, terminated: Tensor, done: Tensor,
        gamma: float, lam: float) -> tuple[Tensor, Tensor]:
    """Return generalised advantage estimates and value targets, both float32 (H, n).

    Schulman et al. 2016, arXiv:1506.02438, eq. 16: Â_t = Σ_l (γλ)^l δ_{t+l} with
    δ_t = r_t + γ·V(s_{t+1}) − V(s_t), here as the recursion Â_t = δ_t + γλ·Â_{t+1}, which starts
    from 0 after the last step and after the end of an episode.  The targets are Â_t + V(s_t).

    Args:
        rewards: (H, n), r_t.
        values: (H, n), V(o_t).
        next_values: (H, n), the value of what followed, before any reset: see
            `dnne_ros.rl.bootstrap`.  Where ``terminated``, nothing followed: it is not used.
        terminated: bool (H, n), episodes that ended for good.
        done: bool (H, n), episodes that ended for good or ran out of time.
        gamma: discount.
        lam: weight of longer estimates, λ.

    """
    if rewards.device.type == "cpu" and rewards.dtype == torch.float32:
        with np.errstate(all="ignore"):  # what is not finite is looked for afterwards
            return _with_numpy(rewards, values, next_values, terminated, done, gamma, lam)
    # ~terminated could multiply a NaN of an unused value; where() drops it.
    followed = torch.where(terminated, 0.0, next_values)
    deltas = rewards + gamma * followed - values
    carry = gamma * lam * (~done)
    advantages = torch.empty_like(deltas)
    advantage = torch.zeros_like(deltas[0])
    for step in range(len(deltas) - 1, -1, -1):
        advantage = torch.addcmul(deltas[step], carry[step], advantage)
        advantages[step] = advantage
    return advantages, advantages + values


def _with_numpy(rewards: Tensor, values: Tensor, next_values: Tensor, terminated: Tensor,
                done: Tensor, gamma: float, lam: float) -> tuple[Tensor, Tensor]:
    """Do the same: torch takes longer to be called, some operations a step, than to compute."""
    worth = values.numpy()
    advantages = np.where(terminated.numpy(), np.float32(0.0), next_values.numpy())
    advantages *= gamma
    advantages += rewards.numpy()
    advantages -= worth
    carry = ~done.numpy() * np.float32(gamma * lam)
    carried = np.empty_like(advantages[0])
    for step in range(len(advantages) - 2, -1, -1):
        np.multiply(carry[step], advantages[step + 1], out=carried)
        advantages[step] += carried
    return torch.from_numpy(advantages), torch.from_numpy(advantages + worth)
