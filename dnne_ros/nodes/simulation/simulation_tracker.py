"""Episodes: how many there were, how they went, and when there have been enough."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Dict, Float, Sync, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget
from dnne_ros.toolkit.side_by_side import side_by_side
from dnne_ros.transport.policy import EdgePolicy

if TYPE_CHECKING:
    import torch

WINDOW = 100
"""Episodes that means and the rate of success are taken over."""


class SimulationTracker(Node):
    """Sum up every episode, and end the run behind the last one, or when enough succeed.

    ``done`` may be the flags of every step, for each environment: then a step's rewards and flags
    belong together.  Or it is a trigger behind an episode's end: then an episode is what came
    since the last one, its length counts observations, and rewards of several environments are
    averaged.  An episode is a success if ``custom_metrics`` say so (``{"success": true}``),
    without those if its return is above 0.
    """

    category = "learning"

    observation = Input(Tensor(), "Of each step.", aliases=("observations",))
    done = Input(Sync(), "Which episodes ended with the step, or that one did.",
                 accepts_also=(Tensor("bool"),))
    loss = Input(Tensor("float32"), "Of training: the newest is shown.", optional=True,
                 accepts_also=(Float(),), policy=EdgePolicy.LATEST)
    reward = Input(Tensor("float32"), "Of each step.", optional=True, accepts_also=(Float(),),
                   aliases=("rewards",))
    custom_metrics = Input(Dict(), "Of the task: the newest are shown.", optional=True,
                           policy=EdgePolicy.LATEST)
    control_metrics = Output(Dict(), "Behind each episode: its figures, means over the last 100, "
                             "and if it is the last.")
    max_episodes = Widget(1000, "Episodes until the run ends, those of its checkpoint included.",
                          minimum=1, maximum=2**31 - 1, live=True)
    success_threshold = Widget(0.95, "The run ends when so many of the last 100 episodes "
                               "succeeded.", minimum=0.0, maximum=1.0, live=True)

    def setup(self) -> None:
        """Start with nothing."""
        self._finished = 0
        self._best: float | None = None
        self._returns: deque[float] = deque(maxlen=WINDOW)
        self._lengths: deque[int] = deque(maxlen=WINDOW)
        self._successes: deque[bool] = deque(maxlen=WINDOW)
        self._running: list[float] = []
        self._steps: list[int] = []
        self._observed = 0
        self._rewards: deque[torch.Tensor] = deque()
        self._flags: deque[torch.Tensor] = deque()
        self._newest: dict[str, Any] = {}
        self._rewarded = 0

    async def process(self) -> None:
        """Take what comes to each input, as it comes."""
        takers = {"observation": self._observe, "reward": self._reward, "done": self._end,
                  "loss": self._note_loss, "custom_metrics": self._note_metrics}
        await side_by_side(*(self._pump(name, take) for name, take in takers.items()
                             if self.context.is_linked(name)))

    async def _pump(self, name: str, take: Any) -> None:
        while True:
            await take(await self.get_input(name))

    async def _observe(self, observation: Any) -> None:
        self._observed += 1

    async def _note_loss(self, loss: Any) -> None:
        self._newest["loss"] = loss if isinstance(loss, float) else float(loss.detach().mean())

    async def _note_metrics(self, metrics: Mapping[str, Any]) -> None:
        self._newest["custom_metrics"] = dict(metrics)

    async def _reward(self, reward: Any) -> None:
        """Keep a step's rewards until its flags, or a trigger, come."""
        import torch

        from dnne_ros.learning.finite import check_finite

        rewards = torch.as_tensor(reward, dtype=torch.float32).detach().flatten().cpu()
        self._rewarded += 1
        check_finite(rewards, "reward", self._rewarded)
        self._rewards.append(rewards)
        await self._settle()

    async def _end(self, done: Any) -> None:
        if done is not None:
            self._flags.append(done.flatten().cpu())
            await self._settle()
            return
        gained = sum(float(rewards.mean()) for rewards in self._rewards)
        length = self._observed
        self._rewards.clear()
        self._observed = 0
        await self._sum_up(gained, length)

    async def _settle(self) -> None:
        """Count the steps of which flags and rewards are there."""
        has_rewards = self.context.is_linked("reward")
        while self._flags and (self._rewards or not has_rewards):
            flags = self._flags.popleft().tolist()
            rewards = self._rewards.popleft().tolist() if has_rewards else [0.0] * len(flags)
            if len(rewards) != len(flags):
                raise ValueError(f"expected as many rewards as flags on input 'done', "
                                 f"{len(flags)}, found {len(rewards)}")
            if not self._running:
                self._running, self._steps = [0.0] * len(flags), [0] * len(flags)
            for env, (reward, ended) in enumerate(zip(rewards, flags, strict=True)):
                self._running[env] += reward
                self._steps[env] += 1
                if ended:
                    gained, length = self._running[env], self._steps[env]
                    self._running[env], self._steps[env] = 0.0, 0
                    await self._sum_up(gained, length)

    async def _sum_up(self, gained: float, length: int) -> None:
        """Tell what an episode came to, and end the run if it was the last."""
        custom = self._newest.get("custom_metrics", {})
        success = bool(custom["success"]) if "success" in custom else gained > 0
        self._finished += 1
        self._returns.append(gained)
        self._lengths.append(length)
        self._successes.append(success)
        self._best = gained if self._best is None else max(self._best, gained)
        rate = sum(self._successes) / len(self._successes)
        reason = None
        if self._finished >= self.max_episodes:
            reason = "max_episodes"
        elif len(self._successes) == WINDOW and rate >= self.success_threshold:
            reason = "success_threshold"
        metrics = {
            "episode": self._finished, "episode_reward": gained, "episode_length": length,
            "success": success, "avg_reward": sum(self._returns) / len(self._returns),
            "avg_length": sum(self._lengths) / len(self._lengths), "success_rate": rate,
            "best_reward": self._best, "done": reason is not None, **self._newest}
        self.context.report({"episodes": self._finished, "mean_return": metrics["avg_reward"]})
        await self.send_output(metrics, "control_metrics")
        if reason is not None:
            await self.context.finish(reason)

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save what was counted."""
        return NodeState(values={
            "finished": self._finished, "best": self._best, "returns": list(self._returns),
            "lengths": list(self._lengths), "successes": list(self._successes),
            "running": list(self._running), "steps": list(self._steps),
            "observed": self._observed, "rewarded": self._rewarded, "newest": _plain(self._newest),
            "rewards": [rewards.tolist() for rewards in self._rewards],
            "flags": [flags.tolist() for flags in self._flags]})

    def load_state(self, state: NodeState) -> None:
        """Go on counting; ValueError if there are no episodes left."""
        import torch

        saved = state.values
        if saved["finished"] >= self.max_episodes and not self.context.inference:
            raise ValueError(f"it has {saved['finished']} episodes behind it: expected "
                             f"max_episodes above that, found {self.max_episodes}")
        self._finished, self._best = saved["finished"], saved["best"]
        for name in ("returns", "lengths", "successes"):
            getattr(self, f"_{name}").extend(saved[name])
        self._running, self._steps = list(saved["running"]), list(saved["steps"])
        self._observed, self._rewarded = saved["observed"], saved["rewarded"]
        self._newest = dict(saved["newest"])
        self._rewards.extend(torch.tensor(each) for each in saved["rewards"])
        self._flags.extend(torch.tensor(each) for each in saved["flags"])


def _plain(newest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may stand in a checkpoint: tensors that came in metrics are left out."""
    custom = newest.get("custom_metrics")
    if custom is None:
        return dict(newest)
    return {**newest, "custom_metrics": {name: value for name, value in custom.items()
                                         if isinstance(value, (bool, int, float, str))}}
