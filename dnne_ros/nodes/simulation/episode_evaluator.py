"""How episodes went: as many of each environment, so that short ones do not count more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Dict, Tensor
from dnne_ros.node_api.ports import Input
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    import torch

_REPORT_SECONDS = 1.0
_PER_ENV = Tensor("float32", ("env",))
_FLAGS = Tensor("bool", ("env",))


class EpisodeEvaluator(Node):
    """Note the first episodes of each environment, and end the run behind the last of them.

    Of ``episodes`` episodes in n environments, each environment gives the first ``episodes / n``,
    and the first environments one more where that is no whole number.  Those that end first
    would be the shortest: their mean says something else.  The run's report has the returns,
    lengths and ends under ``metrics.evaluation``.
    """

    category = "learning"

    rewards = Input(_PER_ENV, "Of each step.", aliases=("reward",))
    done = Input(_FLAGS, "Episodes that ended with the step.", aliases=("dones",))
    info = Input(Dict(), "time_outs: which of the ended ones ran out of time; success: which "
                 "reached their goal.", optional=True)
    episodes = Widget(100, "Episodes that are noted.", minimum=1, maximum=1_000_000)

    def setup(self) -> None:
        """Begin with no episode."""
        self._noted: list[_Episodes] = []
        self._next_report = 0.0

    async def process(self) -> None:
        """Note each step until there are enough episodes.

        Raises `NotFiniteError` for a reward that is NaN or infinite, and ValueError for rewards,
        flags and info that are not of the same environments.
        """
        from dnne_ros.learning.finite import check_finite

        step = 0
        while True:
            rewards = (await self.get_input("rewards")).detach().flatten().cpu()
            done = (await self.get_input("done")).flatten().bool().cpu()
            info = (await self.get_input("info") or {}) if self.context.is_linked("info") else {}
            step += 1
            check_finite(rewards, "rewards", step)
            flags = {name: _flags(info.get(name), name, len(rewards))
                     for name in ("time_outs", "success")}
            if len(done) != len(rewards):
                raise ValueError(f"expected as many flags on input 'done' as rewards, "
                                 f"{len(rewards)}, found {len(done)}")
            if not self._noted:
                share, more = divmod(self.episodes, len(rewards))
                self._noted = [_Episodes(share + (env < more)) for env in range(len(rewards))]
            if len(self._noted) != len(rewards):
                raise ValueError(f"expected rewards of {len(self._noted)} environments, as in the "
                                 f"first step, found {len(rewards)}")
            for env, (reward, ended) in enumerate(
                    zip(rewards.tolist(), done.tolist(), strict=True)):
                self._noted[env].add(reward, ended, {
                    name: None if each is None else each[env] for name, each in flags.items()})
            ended = sum(len(each.finished) for each in self._noted)
            self._show(ended)
            if ended == self.episodes:
                self.context.report({"evaluation": [
                    {"environment": env, **episode} for env, each in enumerate(self._noted)
                    for episode in each.finished]})
                await self.context.finish("episodes")

    def _show(self, ended: int) -> None:
        now = time.monotonic()
        if now >= self._next_report or ended == self.episodes:
            self._next_report = now + _REPORT_SECONDS
            self.context.report({"evaluated_episodes": ended, "of_episodes": self.episodes})


class _Episodes:
    """Those of one environment."""

    def __init__(self, wanted: int):
        """Note the first ``wanted``."""
        self.finished: list[dict[str, Any]] = []
        self._wanted = wanted
        self._return, self._length = 0.0, 0

    def add(self, reward: float, ended: bool, flags: dict[str, bool | None]) -> None:
        """Note a step."""
        if len(self.finished) == self._wanted:
            return
        self._return += reward
        self._length += 1
        if ended:
            self.finished.append({
                "return": self._return, "length": self._length,
                "end": "time limit" if flags["time_outs"] else "terminated",
                "success": flags["success"]})
            self._return, self._length = 0.0, 0


def _flags(found: torch.Tensor | None, name: str, count: int) -> list[bool] | None:
    """Return the flags of each environment in an item of ``info``; None: it has none."""
    if found is None:
        return None
    flags = found.flatten().bool().tolist()
    if len(flags) != count:
        raise ValueError(f"expected {name} of {count} environments in input 'info', found "
                         f"{len(flags)}")
    return flags
