"""Acting as a CUDA graph: one call for a step instead of some dozens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from dnne_ros.cuda_graphs import WARM_UPS, aside, capture
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_output import PolicyOutput


class CapturedActing:
    """Acts as `ActorCritic.act` does, captured once for what it acts with.

    It is captured anew where that changes: the policy, where its weights are, how many
    environments there are, the generator, and whether it explores.
    """

    def __init__(self, aside: Callable[..., Any] = aside, capture: Callable[..., Any] = capture):
        """Act on a CUDA device, unless both functions are others."""
        self._aside, self._capture = aside, capture
        self._acts_with: tuple[Any, ...] = ()
        self._warm_ups = 0
        self._given: list[Tensor] = []
        self._found: PolicyOutput | None = None
        self._launch: Callable[[], None] = _nothing

    def act(self, policy: ActorCritic, observations: Tensor, generator: torch.Generator, *,
            deterministic: bool, critic_observations: Tensor | None) -> PolicyOutput:
        """Choose actions for ``observations``, float32 (n, observation_size)."""
        given = [observations] if critic_observations is None else [
            observations, critic_observations]
        acts_with = (policy, generator, deterministic, *(each.shape for each in given),
                     *(each.data_ptr() for each in policy.parameters()))
        if acts_with != self._acts_with:
            self._acts_with, self._warm_ups, self._found = acts_with, 0, None
        act = partial(policy.act, generator=generator, deterministic=deterministic)
        if self._found is None:
            if self._warm_ups < WARM_UPS:
                self._warm_ups += 1
                output: PolicyOutput = self._aside(observations.device, partial(
                    act, observations, critic_observations=critic_observations))
                return output
            self._given = [torch.empty_like(each) for each in given]
            kept = self._given[1] if len(given) > 1 else None
            self._found, self._launch = self._capture(
                partial(act, self._given[0], critic_observations=kept), generator)
        torch._foreach_copy_(self._given, given)
        self._launch()
        return _copied(self._found, observations, critic_observations)


def _nothing() -> None:
    """Launch nothing."""


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
