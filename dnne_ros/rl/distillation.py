"""A student that learns to do what a teacher would have done (DAgger, Ross et al. 2011).

The student acts; the teacher, which may see more, says what it would have done there.  As in
rsl_rl: the student's likeliest actions are brought near to the teacher's, step after step of the
rollout in its order, with a gradient step after each ``gradient_length`` of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from dnne_ros.arrays import first_not_finite
from dnne_ros.learning.finite import NotFiniteError, all_finite
from dnne_ros.learning.flat_adam import FlatAdam
from dnne_ros.learning.flat_parameters import FlatParameters
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_output import PolicyOutput
from dnne_ros.rl.rollout import Rollout

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": functional.mse_loss, "huber": functional.huber_loss}
_MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class DistillationConfig:
    """How to learn: see the widgets of `DistillationTrainerNode`, which have the same names."""

    num_epochs: int = 1
    gradient_length: int = 15
    learning_rate: float = 1e-3
    max_grad_norm: float = 0.0
    loss_type: str = "mse"


@dataclass(frozen=True)
class DistillationStats:
    """What an update did: ``loss`` is a mean over steps, ``grad_norm`` over gradient steps."""

    loss: float
    grad_norm: float
    learning_rate: float


class TaughtRollout:
    """The transitions of ``horizon`` steps, and what a teacher would have done.

    Attributes:
        transitions: those of the student.
        taught: float32 (horizon, num_envs, action size).

    """

    def __init__(self, output: PolicyOutput, horizon: int):
        """Allocate for what a student says that gives such an ``output``."""
        self.transitions = Rollout.like(output, horizon, keeps_distributions=False)
        self.taught = torch.zeros_like(self.transitions.actions)

    def add(self, output: PolicyOutput, rewards: Tensor, done: Tensor, taught: Tensor) -> None:
        """Store a step, as `Rollout.add`; ``taught`` are the teacher's actions at it.

        ValueError for actions of another shape than the student's.
        """
        if taught.shape != output.actions.shape:
            raise ValueError(f"expected actions {tuple(output.actions.shape)}, as the student's, "
                             f"found {tuple(taught.shape)}")
        self.taught[len(self.transitions)] = taught
        self.transitions.add(output, rewards, done, torch.zeros_like(done))


class Distillation:
    """Trains the actor of ``policy`` in place; its critic and its deviation stay as they are.

    The same policy, rollouts and settings give the same weights, bit for bit.  ``config`` may be
    replaced between updates.
    """

    def __init__(self, policy: ActorCritic, config: DistillationConfig):
        """Train ``policy``; ValueError if its actions are choices, which have no distance."""
        if policy.spec.discrete:
            raise ValueError("expected a student with continuous actions")
        self.policy = policy
        self.config = config
        self._parameters = FlatParameters(policy)
        self._optimizer = FlatAdam(self._parameters.vector, config.learning_rate)

    def update(self, rollout: TaughtRollout) -> Generator[None, None, DistillationStats]:
        """Learn from a full ``rollout``; yields after each gradient step, returns what it did.

        What is remembered begins with what the student remembered at the first step, is forgotten
        where episodes end, and carries gradients on up to the next gradient step.  Steps behind
        the last whole ``gradient_length`` make a shorter one.
        """
        config, transitions = self.config, rollout.transitions
        for group in self._optimizer.param_groups:
            group["lr"] = config.learning_rate
        steps = [(epoch, step) for epoch in range(config.num_epochs)
                 for step in range(transitions.horizon)]
        done, distance = transitions.done, LOSSES[config.loss_type]
        losses, norms, waiting = [], [], torch.zeros(())
        memory = transitions.memory
        for count, (_, step) in enumerate(steps, 1):
            if step == 0:
                memory = transitions.memory
            actions, memory = self.policy.likeliest(transitions.observations[step], memory)
            loss = distance(actions, rollout.taught[step])
            losses.append(loss.detach())
            waiting = waiting + loss
            if count % config.gradient_length == 0 or count == len(steps):
                norms.append(self._step(waiting))
                waiting, memory = torch.zeros(()), None if memory is None else memory.detach()
                yield
            if memory is not None:
                memory = memory.masked_fill(done[step].unsqueeze(1), 0.0)
        self.policy.learn_observations(
            transitions.observations.flatten(0, 1), transitions.seen_by_critic.flatten(0, 1))
        return DistillationStats(torch.stack(losses).mean().item(),
                                 torch.stack(norms).mean().item(), config.learning_rate)

    def check(self, stats: DistillationStats, what: str) -> None:
        """Raise `NotFiniteError` if an update has left a loss or a weight that is not finite."""
        state = self.policy.state_dict()
        spoilt = [] if math.isfinite(stats.loss) else [f"loss is {stats.loss}"]
        if not all_finite(list(state.values())):
            spoilt.append(f"the policy's {first_not_finite(state.items())} is not finite")
        if spoilt:
            raise NotFiniteError(f"{what}: {', '.join(spoilt)}; a learning rate of "
                                 f"{stats.learning_rate:g} may be too large, or the observations")

    def state(self) -> dict[str, Tensor]:
        """Return the optimizer's state; nothing before the first step."""
        return {name: value.clone()
                for name, value in self._optimizer.state[self._parameters.vector].items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go back to what `state` returned; ValueError if it is another policy's."""
        vector = self._parameters.vector
        sizes = {"step": torch.Size(), **dict.fromkeys(_MOMENTS, vector.shape)}
        found = {name: tensor.shape for name, tensor in tensors.items()}
        if tensors and found != sizes:
            raise ValueError(f"saved optimizer: expected {_described(sizes)}, found "
                             f"{_described(found)}")
        self._optimizer.state.clear()
        if tensors:
            self._optimizer.state[vector] = {
                name: tensor.to(vector.device, copy=True) for name, tensor in tensors.items()}

    def _step(self, loss: Tensor) -> Tensor:
        """Take one step of Adam; return the norm of the gradient before it was clipped, ()."""
        self._parameters.zero_gradients()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = self._parameters.clip_gradients(self.config.max_grad_norm or math.inf)
        self._optimizer.step()
        return norm


def _described(sizes: dict[str, Any]) -> str:
    return ", ".join(f"{name} {tuple(size)}" for name, size in sorted(sizes.items())) or "nothing"
