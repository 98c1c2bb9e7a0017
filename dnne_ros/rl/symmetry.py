"""Robots whose left is as their right: what is seen and done, as in a mirror.

Mittal et al. 2024, arXiv:2403.04359: mirrored transitions are learned from as well, or the policy
is pulled to where it does in the mirror what it would do mirrored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.rollout import Minibatch

_ENTRY = re.compile(r"\s*(-?)\s*(\d+)\s*")


@dataclass(frozen=True)
class Mirror:
    """From which column each column comes in the mirror, and whether its sign is the other."""

    columns: tuple[int, ...]
    signs: tuple[float, ...]

    @classmethod
    def parse(cls, text: str) -> Mirror:
        """Return what ``-0, 2, 1`` says: column 0 with the other sign, columns 1 and 2 exchanged.

        ValueError unless each column is there once, and twice mirrored is as it was.
        """
        entries = [_ENTRY.fullmatch(entry) for entry in text.split(",")]
        if not all(entries):
            raise ValueError("not numbers of columns with commas between, such as -0, 2, 1")
        columns = tuple(int(entry[2]) for entry in entries if entry)
        signs = tuple(-1.0 if entry[1] else 1.0 for entry in entries if entry)
        if sorted(columns) != list(range(len(columns))):
            raise ValueError(f"expected each column from 0 to {len(columns) - 1} once")
        if any(columns[columns[at]] != at or signs[columns[at]] != signs[at]
               for at in range(len(columns))):
            raise ValueError("mirrored twice, columns are not what they were")
        return cls(columns, signs)

    def __call__(self, rows: Tensor) -> Tensor:
        """Return ``rows`` (n, columns) as they are in the mirror."""
        columns, signs = _placed(self, rows.device)
        return rows.index_select(1, columns) * signs


@cache
def _placed(mirror: Mirror, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return columns and signs as tensors; to bring them to a device takes a wait for it."""
    return (torch.tensor(mirror.columns, device=device),
            torch.tensor(mirror.signs, device=device))


@dataclass(frozen=True)
class Symmetry:
    """The mirrors of a task; that of the critic's observations where it sees others."""

    observations: Mirror
    actions: Mirror
    critic_observations: Mirror | None = None

    def check(self, spec: PolicySpec) -> None:
        """Raise ValueError for mirrors of other sizes, or a policy that they cannot mirror."""
        for name, has in (("memory", spec.memory), ("picture", spec.picture),
                          ("discrete actions", spec.discrete)):
            if has:
                raise ValueError(f"mirror_observations: a policy with {name} cannot be mirrored")
        for name, mirror, expected in (
                ("mirror_observations", self.observations, spec.observation_size),
                ("mirror_actions", self.actions, spec.action_size),
                ("mirror_critic_observations", self.critic_observations,
                 spec.critic_observation_size)):
            found = 0 if mirror is None else len(mirror.columns)
            if found != expected:
                raise ValueError(f"{name}: expected {expected} columns, found {found}")

    def augmented(self, batch: Minibatch) -> Minibatch:
        """Return the transitions and, behind them, the same in the mirror."""
        critic = None
        if batch.critic_observations is not None and self.critic_observations is not None:
            critic = torch.cat([batch.critic_observations,
                                self.critic_observations(batch.critic_observations)])
        return batch._replace(
            observations=torch.cat([batch.observations, self.observations(batch.observations)]),
            actions=torch.cat([batch.actions, self.actions(batch.actions)]),
            critic_observations=critic, log_prob=_twice(batch.log_prob),
            values=_twice(batch.values), advantages=_twice(batch.advantages),
            returns=_twice(batch.returns))

    def loss(self, means: Tensor, mirrored: Tensor) -> Tensor:
        """Return how far the means (m, size) in the mirror are from the ``means`` mirrored."""
        return nn.functional.mse_loss(mirrored, self.actions(means).detach())


def _twice(rows: Tensor) -> Tensor:
    return torch.cat([rows, rows])
