"""Acting as a CUDA graph: one call for a step instead of some dozens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from dnne_ros.cuda_graphs import Captured
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_output import PolicyOutput


class CapturedActing:
    """Acts as `ActorCritic.act` does, captured once for what it acts with.

    It is captured anew where that changes: the policy, where its weights are, how many
    environments there are, the generator, and whether it explores.
    """

    def __init__(self, captured: Callable[..., Captured[PolicyOutput]] = Captured):
        """Act with nothing yet; ``captured`` is what captures it."""
        self._make = captured
        self._acts_with: tuple[Any, ...] = ()
        self._act: Captured[PolicyOutput]

    def act(self, policy: ActorCritic, observations: Tensor, generator: torch.Generator, *,
            deterministic: bool, critic_observations: Tensor | None) -> PolicyOutput:
        """Choose actions for ``observations``, float32 (n, observation_size)."""
        given = [observations] if critic_observations is None else [
            observations, critic_observations]
        acts_with = (policy, generator, deterministic, *(each.shape for each in given),
                     *(each.data_ptr() for each in policy.parameters()))
        if acts_with != self._acts_with:
            self._acts_with = acts_with
            self._act = self._make(partial(_act, policy, generator, deterministic),
                                   observations.device, generator)
        found = self._act(*given)
        return _copied(found, observations, critic_observations) if self._act.is_captured \
            else found


def _act(policy: ActorCritic, generator: torch.Generator, deterministic: bool,
         observations: Tensor, critic_observations: Tensor | None = None) -> PolicyOutput:
    return policy.act(observations, generator, deterministic=deterministic,
                      critic_observations=critic_observations)


def _copied(found: PolicyOutput, observations: Tensor, critic_observations: Tensor | None
            ) -> PolicyOutput:
    """Return what was found as tensors of its own: the next launch writes over those found."""
    parts = [found.actions, found.log_prob, found.value, found.mean]
    if found.std is not None:
        parts.append(found.std[0])  # the same for all
    own = [torch.empty_like(part) for part in parts]
    torch._foreach_copy_(own, parts)
    actions, log_prob, value, mean, *std = own
    return PolicyOutput(observations, actions, log_prob, value, mean,
                        std[0].expand_as(mean) if std else None, critic_observations, None)
