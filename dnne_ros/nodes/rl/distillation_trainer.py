"""The trainer of students: an agent learns to do what a teacher would have done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.checkpoint_trigger import checkpoint_widgets, trigger_problems
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Dict, Float, Model, PolicyOutput, Sync, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.rl.learner import Learner
from dnne_ros.nodes.rl.training_progress import TrainingProgress, breathing

if TYPE_CHECKING:
    from dnne_ros.rl.distillation import Distillation, DistillationConfig, TaughtRollout
    from dnne_ros.rl.policy import ActorCritic
    from dnne_ros.rl.policy_output import PolicyOutput as PolicyOutputValue
    from dnne_ros.rl.shared_policy import SharedPolicy

_PER_ENV = Tensor("float32", ("env",))


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
        self._progress = TrainingProgress(self)
        self._pupil: Learner[Distillation, TaughtRollout] | None = None
        self._saved: NodeState | None = None

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

    def _begin(self, policy: ActorCritic, output: PolicyOutputValue
               ) -> Learner[Distillation, TaughtRollout]:
        from dnne_ros.rl.distillation import Distillation, TaughtRollout
        from dnne_ros.rl.episodes import EpisodeStatistics

        try:
            distillation = Distillation(policy, self._config())
        except ValueError as error:
            raise InputError("input 'model'", [str(error)]) from None
        pupil = self._pupil = Learner(distillation, TaughtRollout(output, self.horizon_length),
                                      EpisodeStatistics(len(output.observations)))
        if self._saved is not None and not self.context.inference:
            pupil.restore(self._saved, self.context.new_episodes)
        return pupil

    def _config(self) -> DistillationConfig:
        """Return the settings as they are now: each has a widget of its name."""
        from dnne_ros.rl.distillation import DistillationConfig

        return DistillationConfig(**{
            field.name: self.values[field.name] for field in fields(DistillationConfig)})

    def _collect(self, pupil: Learner[Distillation, TaughtRollout],
                 given: Mapping[str, Any]) -> None:
        rewards, done = given["reward"], given["done"].bool()
        pupil.episodes.add(rewards, done, (given.get("info") or {}).get("episode_log"))
        self._progress.add_steps(len(rewards))
        if self.context.inference:
            self._progress.report_play(pupil.episodes)
            return
        try:
            pupil.rollout.add(given["policy_output"], rewards, done, given["teacher_actions"])
        except ValueError as error:
            raise InputError("input 'teacher_actions'", [str(error)]) from None

    async def _learn(self, pupil: Learner[Distillation, TaughtRollout],
                     shared: SharedPolicy) -> None:
        """Update the policy, announce the boundary, and let the agent have the new weights."""
        import torch

        distillation, progress = pupil.algorithm, self._progress
        distillation.config = self._config()
        stats = await breathing(distillation.update(pupil.rollout))
        pupil.rollout.transitions.clear()
        progress.updates += 1
        distillation.check(stats, f"update {progress.updates}")
        metrics = progress.report_update(stats, pupil.episodes)
        await self.send_output(torch.tensor(stats.loss), "loss")
        if (mean_return := pupil.episodes.mean_return) is not None:
            await self.send_output(mean_return, "mean_return")
        await self.send_output(metrics, "metrics")
        await progress.reach_boundary(shared, stats.loss, pupil.episodes)

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save optimizer, episode statistics and counters."""
        if self._pupil is None:
            return self._saved or NodeState(values=self._progress.values())
        tensors, values = self._pupil.state()
        return NodeState(tensors=tensors, values={**values, **self._progress.values()})

    def load_state(self, state: NodeState) -> None:
        """Keep what was saved until the first transition shows the sizes.

        ValueError if there are no updates left to make.
        """
        self._progress.restore(state)
        self._saved = state
