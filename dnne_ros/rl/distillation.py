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

from dnne_ros.learning.finite import check_update
from dnne_ros.learning.flat_adam import FlatAdam
from dnne_ros.learning.flat_parameters import FlatParameters
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_output import PolicyOutput
from dnne_ros.rl.rollout import Rollout

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": functional.mse_loss, "huber": functional.huber_loss}


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
        self._optimizer = FlatAdam(self._parameters, config.learning_rate)
        self._state = policy.state_dict()

    def update(self, rollout: TaughtRollout) -> Generator[None, None, DistillationStats]:
        """Learn from a full ``rollout``; yields after each gradient step, returns what it did.

        What is remembered begins with what the student remembered at the first step, is forgotten
        where episodes end, and carries gradients on up to the next gradient step.  Steps behind
        the last whole ``gradient_length`` make a shorter one.
        """
        config, transitions = self.config, rollout.transitions
        self._optimizer.set_learning_rate(config.learning_rate)
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
        check_update(what, {"loss": stats.loss}, self._state.values(), self._state.items(),
                     f"a learning rate of {stats.learning_rate:g} may be too large, or the "
                     "observations")

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return the optimizer's state, as tensors and JSON values: nothing before a step."""
        return self._optimizer.state(), {}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go back to what `state` returned; ValueError if it is another policy's."""
        self._optimizer.restore(tensors)

    def _step(self, loss: Tensor) -> Tensor:
        """Take one step of Adam; return the norm of the gradient before it was clipped, ()."""
        self._parameters.zero_gradients()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = self._parameters.clip_gradients(self.config.max_grad_norm or math.inf)
        self._optimizer.step()
        return norm
