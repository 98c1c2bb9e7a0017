"""The trainer: pairs what comes back from the simulator with what the policy said, and learns."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.checkpoint_trigger import checkpoint_widgets, trigger_problems
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Dict, Float, Model, PolicyOutput, Sync, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.rl.learner import (
    Learner,
    mirror_problems,
    next_seen_by_critic,
    symmetry_of,
)
from dnne_ros.nodes.rl.training_progress import TrainingProgress, breathing
from dnne_ros.toolkit.begun import Begun, begin

if TYPE_CHECKING:
    import torch

    from dnne_ros.rl.policy import ActorCritic
    from dnne_ros.rl.policy_output import PolicyOutput as PolicyOutputValue
    from dnne_ros.rl.ppo import PPO
    from dnne_ros.rl.ppo_config import PPOConfig
    from dnne_ros.rl.rollout import Rollout
    from dnne_ros.rl.shared_policy import SharedPolicy

_OBSERVATIONS = Tensor("float32", ("env", "observation"))
_PER_ENV = Tensor("float32", ("env",))
_LEARNER = "the learner is made with it"


class PPOTrainerNode(Node):
    """Train the agent's policy with PPO.

    Each round takes one transition of every environment: the policy output of step t with the
    reward and done that its action led to, and answers with ``training_complete``.  When
    ``horizon_length`` of them are there, the policy is updated first.  Episodes that ran out of
    time are bootstrapped with the value of the observation before the reset; where that is not
    linked, with the value at step t.  The value after the last transition is that of ``state``,
    or of ``critic_observations`` where the agent's critic sees those.
    """

    category = "learning"
    answers_items = True
    announces_boundaries = True

    state = Input(_OBSERVATIONS, "Observations after the step.")
    policy_output = Input(PolicyOutput(), "What the policy said before the step.",
                          aliases=("policy",))
    reward = Input(_PER_ENV, "Rewards of the step.", aliases=("rewards",))
    done = Input(Tensor("bool", ("env",)), "Episodes that the step ended.", aliases=("dones",))
    model = Input(Model(), "The policy to train.", trains=True)
    info = Input(Dict(), "time_outs: which episodes ran out of time; episode_log: what the task "
                 "says of those that ended, which goes to the metrics.", optional=True,
                 follows=("done", "info"))
    next_observations = Input(_OBSERVATIONS, "Observations before any reset.", optional=True,
                              follows=("done", "next_observations"))
    critic_observations = Input(_OBSERVATIONS, "What a critic that sees more than the actor sees "
                                "after the step.", optional=True)
    loss = Output(Tensor("float32"), "Mean loss of an update.")
    training_complete = Output(Sync(), "After each transition: the next step may go.")
    mean_return = Output(Float(), "Mean return of the last 100 finished episodes.")
    metrics = Output(Dict(), "Of each update: losses, learning rate, returns, counts, and "
                     "what the task says of its episodes.")

    horizon_length = Widget(16, "Steps between two updates.", minimum=1, maximum=1_000_000,
                            fixed_because="it fixes the size of the rollout")
    num_epochs = Widget(4, "Passes over a rollout in an update.", minimum=1, maximum=10_000,
                        live=True)
    minibatch_size = Widget(32, "Transitions in a minibatch.", minimum=1, maximum=2**31 - 1,
                            live=True)
    gamma = Widget(0.99, "Discount of future rewards.", minimum=0.0, maximum=1.0, live=True)
    gae_lambda = Widget(0.95, "Weight of longer advantage estimates.", minimum=0.0, maximum=1.0,
                        live=True)
    clip_param = Widget(0.2, "How far the probability ratio may go from 1.", minimum=0.0,
                        maximum=10.0, live=True)
    value_coef = Widget(0.5, "Weight of the value loss.", minimum=0.0, maximum=1e6, live=True)
    entropy_coef = Widget(0.01, "Weight of the entropy bonus.", minimum=0.0, maximum=1e6,
                          live=True)
    learning_rate = Widget(3e-4, "Adam's step size.", minimum=0.0, maximum=10.0, live=True)
    max_grad_norm = Widget(0.5, "Gradients are scaled down to this norm.", minimum=0.0,
                           maximum=1e6, live=True)
    checkpoint_enabled, checkpoint_trigger_type, checkpoint_trigger_value = (
        checkpoint_widgets("10"))
    clip_value_loss = Widget(False, "A value may move by clip_param only; the worse loss counts.",
                             live=True)
    bounds_loss_coef = Widget(0.0, "Weight of what means of actions are beyond ±1.1, squared.",
                              minimum=0.0, maximum=1e6, live=True)
    reward_scale = Widget(1.0, "Rewards are multiplied by it before learning; returns are shown "
                          "as they came.", minimum=-1e6, maximum=1e6, live=True)
    lr_schedule = Widget("fixed", "linear: down to min_learning_rate; adaptive: so that an update "
                         "moves the policy by desired_kl.",
                         choices=("fixed", "linear", "adaptive"),
                         fixed_because="it decides what the rollout stores")
    desired_kl = Widget(0.01, "KL divergence that an adaptive rate aims at.", minimum=0.0,
                        maximum=1e3, live=True)
    min_learning_rate = Widget(1e-5, "Lowest rate of a schedule.", minimum=0.0, maximum=10.0,
                               live=True)
    max_learning_rate = Widget(1e-2, "Highest rate of the adaptive schedule.", minimum=0.0,
                               maximum=10.0, live=True)
    schedule_updates = Widget(1000, "Updates of the linear schedule.", minimum=1,
                              maximum=1_000_000_000, live=True)
    bfloat16 = Widget(False, "The networks learn in bfloat16: pays for layers of some hundreds "
                      "of units, hardly for 64.", fixed_because=_LEARNER)
    torch_compile = Widget(False, "The networks learn compiled, after half a minute at the first "
                           "update; needs a C++ compiler, and hardly pays for small networks.",
                           fixed_because=_LEARNER)
    max_updates = Widget(0, "Updates until the run ends, those of its checkpoint included; 0: it "
                         "goes on.", minimum=0, maximum=2**31 - 1, live=True)
    mirror_observations = Widget("", "From which column each comes in the mirror, such as "
                                 "-0, 2, 1: - turns its sign.", fixed_because=_LEARNER)
    mirror_critic_observations = Widget("", "The same of a critic that sees others.",
                                        fixed_because=_LEARNER)
    mirror_actions = Widget("", "The same of actions.", fixed_because=_LEARNER)
    augment_mirrored = Widget(False, "Learn from each transition in the mirror, too.", live=True)
    mirror_loss_coef = Widget(0.0, "Weight of how far the policy is from doing in the mirror what "
                              "it does, mirrored.", minimum=0.0, maximum=1e6, live=True)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check that the checkpoint trigger's value suits its type, and the mirrors."""
        return trigger_problems(values) + mirror_problems(values)

    def setup(self) -> None:
        """Prepare counters and random state; the learner is made when the model comes."""
        import torch

        from dnne_ros.learning.finite import check_finite
        from dnne_ros.node_api.seeding import node_seed

        self._check_finite = check_finite
        torch.set_num_threads(1)  # small networks: threads cost more than they save
        self._generator = torch.Generator()
        self._generator.manual_seed(node_seed(self.context.seed, self.context.node_id))
        self._progress = TrainingProgress(self)
        self._learner: Learner[PPO, Rollout] | None = None
        self._settings: PPOConfig | None = None
        self._saved: NodeState | None = None
        self._item = 0

    async def process(self) -> None:
        """Collect transitions and learn; in inference, only count.

        Raises `NotFiniteError` for a reward or observation that is NaN or infinite, and when an
        update has made the policy so; nothing is learned from it, and the checkpoint stays.
        """
        shared = await self.get_input("model")
        self._item = 0
        shared.announce(None if self.context.inference else self.horizon_length)
        # The reward first: where it waits for that, it has nothing of the next transition yet.
        ports = tuple(port for port in ("reward", "done", "info", "next_observations",
                                        "critic_observations", "policy_output", "state")
                      if self.context.is_linked(port))

        def answer(*items: Any) -> dict[str, Any]:
            update = self._collected(shared, dict(zip(ports, items, strict=True)))
            if update is not None:
                begin(update)
            return {"training_complete": None}

        with self.context.answering(ports, answer):
            while True:
                try:
                    given = {port: await self.get_input(port) for port in ports}
                except Begun as begun:  # by `answer`
                    update: Awaitable[None] | None = begun
                else:
                    update = self._collected(shared, given)
                if update is not None:
                    await update
                await self.send_output(None, "training_complete")

    def _collected(self, shared: SharedPolicy, given: Mapping[str, Any]
                   ) -> Coroutine[Any, Any, None] | None:
        """Add a transition; return the update that is due with it, if one is."""
        state = self._collect(shared, given)
        learner = self._learner
        if learner is None or not learner.rollout.full:
            return None
        self._check_finite(state, "state", self._item)  # nothing else learns from it
        return self._learn(learner, shared, state, self._item)

    def _collect(self, shared: SharedPolicy, given: Mapping[str, Any]) -> torch.Tensor:
        """Add a transition to the rollout; return what the critic sees after it."""
        output, rewards, done = given["policy_output"], given["reward"], given["done"].bool()
        info, following = given.get("info") or {}, given.get("next_observations")
        state: torch.Tensor = given["state"]
        self._item += 1
        self._check_finite(rewards, "reward", self._item)
        if self._learner is None:
            self._learner = self._begin(shared.policy, output)
        learner = self._learner
        learner.episodes.add(rewards, done, info.get("episode_log"))
        self._progress.add_steps(rewards.shape[0])
        if self.context.inference:
            self._progress.report_play(learner.episodes)
            return state
        timed_out = info.get("time_outs")
        timed_out = done & (False if timed_out is None else timed_out.bool())
        if self.reward_scale != 1.0:
            rewards = rewards * self.reward_scale
        if output.critic_observations is not None:
            for_critic = given.get("critic_observations")
            if for_critic is None:
                raise InputError("input 'critic_observations'", [
                    "expected a link, as at the agent, whose critic sees them"])
            state, following = for_critic, next_seen_by_critic(for_critic, info)
        learner.rollout.add(output, rewards, done > timed_out, timed_out, following)
        return state

    def _begin(self, policy: ActorCritic, output: PolicyOutputValue
               ) -> Learner[PPO, Rollout]:
        """Allocate for the sizes that the first transition shows."""
        from dnne_ros.rl.episodes import EpisodeStatistics
        from dnne_ros.rl.ppo import PPO
        from dnne_ros.rl.rollout import Rollout

        rollout = Rollout.like(output, self.horizon_length,
                               keeps_distributions=self.lr_schedule == "adaptive")
        try:
            ppo = PPO(policy, self._config(), self._generator, bfloat16=self.bfloat16,
                      compiled=self.torch_compile, symmetry=symmetry_of(self.values))
        except ValueError as error:
            raise InputError("symmetry", [str(error)]) from None
        learner = Learner(ppo, rollout, EpisodeStatistics(rollout.num_envs))
        if self._saved is not None and not self.context.inference:
            learner.restore(self._saved, self.context.new_episodes)
        return learner

    def _config(self) -> PPOConfig:
        """Return the settings as they are now: each has a widget of its name."""
        if self._settings is None:
            from dnne_ros.rl.ppo_config import PPOConfig

            values: dict[str, Any] = {
                field.name: self.values[field.name] for field in fields(PPOConfig)}
            self._settings = PPOConfig(**values)
        return self._settings

    def widget_changed(self, name: str) -> None:
        """Learn with other settings from the next update on."""
        self._settings = None

    async def _learn(self, learner: Learner[PPO, Rollout], shared: SharedPolicy,
                     state: torch.Tensor, item: int) -> None:
        """Update the policy, announce the boundary, and let the agent have the new weights."""
        import torch

        ppo, rollout, progress = learner.algorithm, learner.rollout, self._progress
        ppo.config = self._config()
        rollout.check_finite(item)
        stats = await breathing(ppo.update(rollout, state))
        rollout.clear()
        progress.updates += 1
        ppo.check(stats, f"update {progress.updates}")
        metrics = progress.report_update(stats, learner.episodes)
        mean_return = learner.episodes.mean_return
        await self._give({"loss": torch.tensor(stats.loss),
                          **({} if mean_return is None else {"mean_return": mean_return}),
                          "metrics": metrics})
        await progress.reach_boundary(shared, stats.loss, learner.episodes)

    async def _give(self, values: Mapping[str, Any]) -> None:
        """Send outputs; where nobody must wait, the event loop does not turn for each."""
        if self.context.has_room(tuple(values)):
            for port, value in values.items():
                self.context.put_now(port, value)
        else:
            for port, value in values.items():
                await self.send_output(value, port)

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save optimizer, random state, episode statistics and counters."""
        if self._learner is None:
            return self._saved or NodeState(values=self._counters())
        tensors, values = self._learner.state()
        return NodeState(tensors=tensors, values={**values, **self._counters()})

    def _counters(self) -> dict[str, Any]:
        return {"learning_rate": self.learning_rate, **self._progress.values()}

    def load_state(self, state: NodeState) -> None:
        """Keep what was saved until the first transition shows the sizes.

        ValueError if there are no updates left to make.
        """
        self._progress.restore(state)
        self._saved = state
