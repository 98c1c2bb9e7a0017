"""Storage for the transitions between two updates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from dnne_ros.learning.finite import all_finite, check_finite
from dnne_ros.rl.policy_output import PolicyOutput
from dnne_ros.rl.trajectories import Trajectories


class Minibatch(NamedTuple):
    """Transitions to learn from; m of them.

    Attributes:
        observations: float32 (m, observation size).
        actions: float32 (m, action size).
        log_prob: float32 (m,), when the action was drawn.
        values: float32 (m,), when the action was drawn.
        advantages: float32 (m,).
        returns: float32 (m,), what the value should have been.
        means: float32 (m, action size) or logits (m, choices), when the action was drawn; None
            where the rollout does not keep distributions.
        stds: float32 (m, action size); None as well when actions are discrete.
        critic_observations: float32 (m, size); None where the critic sees what the actor sees.
        trajectories: which transitions followed which; None where nothing is remembered.
        memory: float32 (environments, width), what was remembered at their first step.

    """

    observations: Tensor
    actions: Tensor
    log_prob: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor
    means: Tensor | None = None
    stds: Tensor | None = None
    critic_observations: Tensor | None = None
    trajectories: Trajectories | None = None
    memory: Tensor | None = None


_PARTS = ("observations", "actions", "log_prob", "value", "rewards", "terminated", "timed_out",
          "critic_observations", "next_observations", "mean", "std")
"""What is stored of a step."""
_KEPT_ROWS = 1024
"""Steps whose places are kept; longer rollouts are of few environments, or of no hurry."""


class Rollout:
    """The transitions of ``horizon`` steps in ``num_envs`` environments, allocated once.

    Each tensor has shape (horizon, num_envs) or (horizon, num_envs, size).
    """

    def __init__(self, horizon: int, num_envs: int, observation_size: int, action_size: int,
                 device: torch.device | str = "cpu", *, choices: int = 0,
                 keeps_distributions: bool = False, critic_observation_size: int = 0,
                 memory_width: int = 0):
        """Allocate.  ``action_size`` is the width of the actions: 1 when they are one choice.

        ``keeps_distributions``: also store what actions were drawn from: mean and standard
        deviation, or the logits of that many ``choices``.  ``critic_observation_size``: of what
        the critic sees, if that is not what the actor sees (0).  ``memory_width``: how many
        numbers the policy remembers of an environment.
        """
        self.horizon = horizon
        self.num_envs = num_envs
        scalars = (horizon, num_envs)
        self.observations = torch.zeros(*scalars, observation_size, device=device)
        self.critic_observations = None
        if critic_observation_size:
            self.critic_observations = torch.zeros(
                *scalars, critic_observation_size, device=device)
        self.next_observations = torch.zeros_like(self.seen_by_critic)
        self.memory = torch.zeros(num_envs, memory_width, device=device) if memory_width else None
        """What the policy remembered at the first step."""
        self.actions = torch.zeros(*scalars, action_size, device=device)
        self.log_prob = torch.zeros(scalars, device=device)
        self.values = torch.zeros(scalars, device=device)
        self.rewards = torch.zeros(scalars, device=device)
        self.terminated = torch.zeros(scalars, dtype=torch.bool, device=device)
        self.timed_out = torch.zeros(scalars, dtype=torch.bool, device=device)
        self.means = self.stds = None
        if keeps_distributions:
            self.means = torch.zeros(*scalars, choices or action_size, device=device)
            if not choices:
                self.stds = torch.zeros_like(self.means)
        self.knows_next = True
        """Whether every `add` since `clear` gave next_observations."""
        self._size = 0
        self._cut: list[Sequence[tuple[Tensor | None, Sequence[int]]]] = []

    @classmethod
    def like(cls, output: PolicyOutput, horizon: int, *, keeps_distributions: bool) -> Rollout:
        """Return one for what a policy says that gives such an ``output``."""
        def width(part: Tensor | None) -> int:
            return 0 if part is None else part.shape[1]

        num_envs, observation_size = output.observations.shape
        return cls(
            horizon, num_envs, observation_size, output.actions.shape[1], output.actions.device,
            choices=0 if output.std is not None else output.mean.shape[1],
            keeps_distributions=keeps_distributions, memory_width=width(output.memory),
            critic_observation_size=width(output.critic_observations))

    def __len__(self) -> int:
        return self._size

    def _rows(self) -> Sequence[tuple[Tensor | None, Sequence[int]]]:
        """Return where the next step goes, of each of `_PARTS`, and its shape.

        To cut it out takes a while.
        """
        if self._size < len(self._cut):
            return self._cut[self._size]
        parts = (self.observations, self.actions, self.log_prob, self.values, self.rewards,
                 self.terminated, self.timed_out, self.critic_observations,
                 self.next_observations, self.means, self.stds)
        rows = [(None, ()) if part is None else (row := part[self._size], row.shape)
                for part in parts]
        if len(self._cut) < _KEPT_ROWS:
            self._cut.append(rows)
        return rows

    @property
    def seen_by_critic(self) -> Tensor:
        """Return the observations that the critic sees, (horizon, num_envs, size)."""
        return self.observations if self.critic_observations is None else self.critic_observations

    @property
    def done(self) -> Tensor:
        """Return which episodes ended, for either reason, bool (horizon, num_envs)."""
        return self.terminated | self.timed_out

    def check_finite(self, item: int) -> None:
        """Raise `NotFiniteError` if a reward or an observation in it is not finite.

        ``item``, from 1, is the one that was added last.  On a CPU rewards and observations were
        looked at when they came; on devices that would wait.
        """
        stored = {"next_observations": self.next_observations}
        if self.rewards.device.type != "cpu":
            stored |= {"reward": self.rewards, "observations": self.observations}
            if self.critic_observations is not None:
                stored["critic_observations"] = self.critic_observations
            if all_finite(list(stored.values())):  # one wait
                return
        for port, rows in stored.items():
            if not all_finite((rows[:self._size],)):
                for number, row in enumerate(rows[:self._size].cpu(), item + 1 - self._size):
                    check_finite(row, port, number)

    @property
    def full(self) -> bool:
        """Whether all ``horizon`` steps are there."""
        return self._size == self.horizon

    def clear(self) -> None:
        """Start again from the first step."""
        self._size = 0
        self.knows_next = True

    def add(self, output: PolicyOutput, rewards: Tensor, terminated: Tensor, timed_out: Tensor,
            next_observations: Tensor | None = None) -> None:
        """Store what the policy said at a step and what came of it.

        Args:
            output: of num_envs environments.
            rewards: float32 (num_envs,).
            terminated: bool (num_envs,), episodes that ended for good.
            timed_out: bool (num_envs,), episodes that ran out of time; not also terminated.
            next_observations: float32 (num_envs, size), what the critic would have seen before
                any reset, if known.

        Raises:
            ValueError: the rollout is full, or a shape does not fit.

        """
        if self.full:
            raise ValueError(f"all {self.horizon} steps of the rollout are taken")
        values = [output.observations, output.actions, output.log_prob, output.value, rewards,
                  terminated, timed_out, output.critic_observations, next_observations,
                  output.mean, output.std]
        if next_observations is None:
            self.knows_next = False
        for optional, name, part in (
                (self.critic_observations, "critic_observations", output.critic_observations),
                (self.memory, "memory", output.memory)):
            if (optional is None) != (part is None):
                raise ValueError(f"{name}: expected {'none' if optional is None else 'some'} in "
                                 "each policy output")
        rows, given = [], []
        for (row, shape), value, name in zip(self._rows(), values, _PARTS, strict=True):
            if row is not None and value is not None:
                if value.shape != shape:  # copying would broadcast it
                    raise ValueError(f"{name}: expected shape {tuple(row.shape)}, "
                                     f"found {tuple(value.shape)}")
                rows.append(row)
                given.append(value)
        torch._foreach_copy_(rows, given)
        if self.memory is not None and output.memory is not None and self._size == 0:
            self.memory.copy_(output.memory)
        self._size += 1

    def minibatches(self, advantages: Tensor, returns: Tensor, size: int,
                    generator: torch.Generator) -> Iterator[Minibatch]:
        """Yield all transitions once, in random order, ``size`` at a time.

        The last minibatch may be smaller; a ``size`` beyond the rollout's gives one minibatch,
        in order, and draws nothing from ``generator``.  ``advantages``, ``returns``: (H, n).
        Where something is remembered, a minibatch is of all steps of some environments, as many
        as have about ``size`` transitions.
        """
        parts = (self.observations, self.actions, self.log_prob, self.values, advantages, returns,
                 self.means, self.stds, self.critic_observations)
        if self.memory is not None:
            yield from self._of_environments(parts, self.memory, size, generator)
            return
        whole: list[Any] = [None if part is None else part.flatten(0, 1) for part in parts]
        total = self.horizon * self.num_envs
        if size >= total:
            yield Minibatch(*whole)
            return
        order = _shuffled(total, generator, advantages.device)
        # Shuffled once an epoch: minibatches are then slices, which copy nothing.
        shuffled = [None if part is None else part[order] for part in whole]
        for start in range(0, total, size):
            cut: list[Any] = [None if part is None else part[start:start + size]
                              for part in shuffled]
            yield Minibatch(*cut)

    def _of_environments(self, parts: Sequence[Tensor | None], memory: Tensor, size: int,
                         generator: torch.Generator) -> Iterator[Minibatch]:
        count = max(1, size // self.horizon)
        order = torch.arange(self.num_envs, device=memory.device)
        if count < self.num_envs:
            order = _shuffled(self.num_envs, generator, memory.device)
        done = self.done
        for chosen in torch.split(order, count):
            rows: list[Any] = [None if part is None else part[:, chosen].flatten(0, 1)
                               for part in parts]
            yield Minibatch(*rows)._replace(
                trajectories=Trajectories(done[:, chosen]), memory=memory[chosen])


def _shuffled(count: int, generator: torch.Generator, device: torch.device) -> Tensor:
    """Return the numbers below ``count`` in random order on ``device``, without waiting for it."""
    order = torch.randperm(count, generator=generator, device=generator.device)
    if device.type == "cuda" and order.device.type == "cpu":
        order = order.pin_memory()
    return order.to(device, non_blocking=True)
