"""The trainer of students: an agent learns to do what a teacher would have done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.checkpoint_trigger import (
    CheckpointTrigger,
    checkpoint_widgets,
    trigger_problems,
)
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Dict, Float, Model, PolicyOutput, Sync, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    from dnne_ros.rl.distillation import (
        Distillation,
        DistillationConfig,
        DistillationStats,
        TaughtRollout,
    )
    from dnne_ros.rl.episodes import EpisodeStatistics
    from dnne_ros.rl.policy import ActorCritic
    from dnne_ros.rl.policy_output import PolicyOutput as PolicyOutputValue
    from dnne_ros.rl.shared_policy import SharedPolicy

_PLAY_REPORT_SECONDS = 0.2
_PER_ENV = Tensor("float32", ("env",))
_OPTIMIZER, _EPISODES = "optimizer.", "episodes."


@dataclass(frozen=True)
class _Pupil:
    """What a student learns with, made when the first transition shows the sizes."""

    distillation: Distillation
    rollout: TaughtRollout
    episodes: EpisodeStatistics


class DistillationTrainerNode(Node):
    """Train the agent's policy, a student, to do what a teacher would have done.

    Each round takes what the student said, what the teacher would have done there, and what came
    of it, and answers with ``training_complete``.  When ``horizon_length`` of them are there, the
    student is updated first.  Rewards are not learned from: they show how well the student does.
    """

    category = "learning"
    announces_boundaries = True

    policy_output = Input(PolicyOutput(), "What the student said before the step.",
                          aliases=("policy",))
    teacher_actions = Input(Tensor("float32", ("env", "action")), "What the teacher would have "
                            "done there: a TeacherPolicyNode's.")
    reward = Input(_PER_ENV, "Rewards of the step.", aliases=("rewards",))
    done = Input(Tensor("bool", ("env",)), "Episodes that the step ended.", aliases=("dones",))
    model = Input(Model(), "The student.", trains=True)
    info = Input(Dict(), "episode_log: what the task says of the episodes that ended, which goes "
                 "to the metrics.", optional=True, follows=("done", "info"))
    loss = Output(Tensor("float32"), "Mean loss of an update.")
    training_complete = Output(Sync(), "After each transition: the next step may go.")
    mean_return = Output(Float(), "Mean return of the last 100 finished episodes.")
    metrics = Output(Dict(), "Of each update: loss, returns, counts, and what the task says of "
                     "its episodes.")

    horizon_length = Widget(24, "Steps between two updates.", minimum=1, maximum=1_000_000,
                            fixed_because="it fixes the size of the rollout")
    num_epochs = Widget(1, "Passes over a rollout in an update.", minimum=1, maximum=10_000,
                        live=True)
    gradient_length = Widget(15, "Steps of a rollout between two gradient steps; so far back a "
                             "memory is learned.", minimum=1, maximum=1_000_000, live=True)
    learning_rate = Widget(1e-3, "Adam's step size.", minimum=0.0, maximum=10.0, live=True)
    max_grad_norm = Widget(0.0, "Gradients are scaled down to this norm; 0: they are not.",
                           minimum=0.0, maximum=1e6, live=True)
    loss_type = Widget("mse", "How far two actions are from each other.",
                       choices=("mse", "huber"), live=True)
    checkpoint_enabled, checkpoint_trigger_type, checkpoint_trigger_value = (
        checkpoint_widgets("10"))
    max_updates = Widget(0, "Updates until the run ends, those of its checkpoint included; 0: it "
                         "goes on.", minimum=0, maximum=2**31 - 1, live=True)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check that the checkpoint trigger's value suits its type."""
        return trigger_problems(values)

    def setup(self) -> None:
        """Prepare counters; what is learned with is made when the model comes."""
        import torch

        from dnne_ros.learning.finite import check_finite

        self._check_finite = check_finite
        torch.set_num_threads(1)  # small networks: threads cost more than they save
        self._trigger = CheckpointTrigger(
            self.checkpoint_trigger_type, self.checkpoint_trigger_value) \
            if self.checkpoint_enabled else None
        self._pupil: _Pupil | None = None
        self._saved: NodeState | None = None
        self._updates = 0
        self._env_steps = self._earlier_env_steps = 0
        self._next_report = 0.0

    async def process(self) -> None:
        """Collect transitions and learn; in inference, only count.

        Raises `NotFiniteError` for a reward or an action of the teacher's that is NaN or infinite,
        and when an update has made the policy so; the checkpoint stays.
        """
        shared = await self.get_input("model")
        shared.announce(None if self.context.inference else self.horizon_length)
        ports = tuple(port for port in ("reward", "done", "info", "policy_output",
                                        "teacher_actions") if self.context.is_linked(port))
        item = 0
        while True:
            given = {port: await self.get_input(port) for port in ports}
            item += 1
            for port in ("reward", "teacher_actions"):
                self._check_finite(given[port], port, item)
            pupil = self._pupil or self._begin(shared.policy, given["policy_output"])
            self._collect(pupil, given)
            if pupil.rollout.transitions.full:
                await self._learn(pupil, shared)
            await self.send_output(None, "training_complete")

    def _begin(self, policy: ActorCritic, output: PolicyOutputValue) -> _Pupil:
        from dnne_ros.rl.distillation import Distillation, TaughtRollout
        from dnne_ros.rl.episodes import EpisodeStatistics

        try:
            distillation = Distillation(policy, self._config())
        except ValueError as error:
            raise InputError("input 'model'", [str(error)]) from None
        pupil = self._pupil = _Pupil(distillation, TaughtRollout(output, self.horizon_length),
                                     EpisodeStatistics(len(output.observations)))
        if self._saved is not None and not self.context.inference \
                and _EPISODES in self._saved.values:
            tensors = self._saved.tensors
            distillation.restore(_part(tensors, _OPTIMIZER))
            pupil.episodes.restore(_part(tensors, _EPISODES), self._saved.values[_EPISODES],
                                   new_episodes=self.context.new_episodes)
        return pupil

    def _config(self) -> DistillationConfig:
        """Return the settings as they are now: each has a widget of its name."""
        from dnne_ros.rl.distillation import DistillationConfig

        return DistillationConfig(**{
            field.name: self.values[field.name] for field in fields(DistillationConfig)})

    def _collect(self, pupil: _Pupil, given: Mapping[str, Any]) -> None:
        rewards, done = given["reward"], given["done"].bool()
        pupil.episodes.add(rewards, done, (given.get("info") or {}).get("episode_log"))
        self._env_steps += len(rewards)
        if self.context.inference:
            if (now := time.monotonic()) >= self._next_report:
                self._next_report = now + _PLAY_REPORT_SECONDS
                self._report(pupil, {"running_return": pupil.episodes.mean_running_return})
            return
        try:
            pupil.rollout.add(given["policy_output"], rewards, done, given["teacher_actions"])
        except ValueError as error:
            raise InputError("input 'teacher_actions'", [str(error)]) from None

    async def _learn(self, pupil: _Pupil, shared: SharedPolicy) -> None:
        """Update the policy, announce the boundary, and let the agent have the new weights."""
        import torch

        pupil.distillation.config = self._config()
        stats = await self._update(pupil)
        pupil.rollout.transitions.clear()
        self._updates += 1
        pupil.distillation.check(stats, f"update {self._updates}")
        metrics = self._report(pupil, vars(stats))
        await self.send_output(torch.tensor(stats.loss), "loss")
        if (mean_return := pupil.episodes.mean_return) is not None:
            await self.send_output(mean_return, "mean_return")
        await self.send_output(metrics, "metrics")
        metric = mean_return if pupil.episodes.window_full else None
        ends = "max_updates" if 0 < self.max_updates <= self._updates else None
        boundary = self.context.boundary(self._updates, metric, self._trigger, ends=ends,
                                         loss=stats.loss)
        shared.commit(hold=boundary.saves)
        await boundary.reached()
        shared.release()

    async def _update(self, pupil: _Pupil) -> DistillationStats:
        """Run an update, letting the process answer others between gradient steps."""
        update = pupil.distillation.update(pupil.rollout)
        while True:
            try:
                next(update)
            except StopIteration as finished:
                stats: DistillationStats = finished.value
                return stats
            await asyncio.sleep(0)

    def _report(self, pupil: _Pupil, figures: Mapping[str, Any]) -> dict[str, Any]:
        metrics = {
            **figures, "env_steps": self._env_steps, "mean_return": pupil.episodes.mean_return,
            "episodes": pupil.episodes.finished, "total_updates": self._updates,
            "total_env_steps": self._earlier_env_steps + self._env_steps,
            **pupil.episodes.logs.means()}
        self.context.report(metrics)
        return metrics

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save optimizer, episode statistics and counters."""
        if self._pupil is None:
            return self._saved or NodeState(values=self._counters())
        tensors, values = self._pupil.episodes.state()
        return NodeState(
            tensors={**_named(_OPTIMIZER, self._pupil.distillation.state()),
                     **_named(_EPISODES, tensors)},
            values={_EPISODES: values, **self._counters()})

    def _counters(self) -> dict[str, Any]:
        return {"updates": self._updates,
                "env_steps": self._earlier_env_steps + self._env_steps,
                "best_metric": self._trigger.best if self._trigger else None}

    def load_state(self, state: NodeState) -> None:
        """Keep what was saved until the first transition shows the sizes.

        ValueError if there are no updates left to make.
        """
        updates = state.values["updates"]
        if not self.context.inference and 0 < self.max_updates <= updates:
            raise ValueError(f"it has {updates} updates behind it: expected max_updates above "
                             f"that, found {self.max_updates}")
        self._saved = state
        self._updates = updates
        self._earlier_env_steps = state.values["env_steps"]
        if self._trigger is not None:
            self._trigger.best = state.values["best_metric"]


def _named(prefix: str, tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


def _part(tensors: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items()
            if name.startswith(prefix)}
