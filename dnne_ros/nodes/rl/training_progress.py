"""How far a trainer has come: what it counts and reports, when it saves and when it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from dnne_ros.node_api.checkpoint_trigger import CheckpointTrigger
from dnne_ros.node_api.state import NodeState
from dnne_ros.transport.breathing import Turns

if TYPE_CHECKING:
    from dnne_ros.node_api.context import NodeContext
    from dnne_ros.rl.episodes import EpisodeStatistics
    from dnne_ros.rl.shared_policy import SharedPolicy

_BREATHE_SECONDS = 0.005
_PLAY_REPORT_SECONDS = 0.2

Stats = TypeVar("Stats")


async def breathing(update: Generator[None, None, Stats]) -> Stats:
    """Run an update to its end and return what it did, letting the process answer others.

    Who may as well be answered after it waits for that: where an update goes on in one go, those
    who wait for its end need not be woken.
    """
    breathe = time.monotonic() + _BREATHE_SECONDS
    while True:
        try:
            next(update)
        except StopIteration as finished:
            stats: Stats = finished.value
            return stats
        if time.monotonic() >= breathe:
            if Turns.are_wanted(patient=True):
                await asyncio.sleep(0)
            breathe = time.monotonic() + _BREATHE_SECONDS


class Trainer(Protocol):
    """A node with the widgets of `checkpoint_widgets` and ``max_updates``."""

    context: NodeContext
    checkpoint_enabled: Any
    checkpoint_trigger_type: Any
    checkpoint_trigger_value: Any
    max_updates: Any


class TrainingProgress:
    """What a trainer counts, beside what it learns with.

    Attributes:
        updates: those of its checkpoint included.

    """

    def __init__(self, trainer: Trainer):
        """Begin with nothing behind it."""
        self._trainer = trainer
        self._trigger = CheckpointTrigger(
            trainer.checkpoint_trigger_type, trainer.checkpoint_trigger_value) \
            if trainer.checkpoint_enabled else None
        self.updates = 0
        self._env_steps = 0
        self._earlier_env_steps = 0
        self._next_report = 0.0

    def add_steps(self, count: int) -> None:
        """Count steps of environments."""
        self._env_steps += count

    def report_play(self, episodes: EpisodeStatistics) -> None:
        """Report how well a policy does that does not learn, some times a second."""
        now = time.monotonic()
        if now >= self._next_report:
            self._next_report = now + _PLAY_REPORT_SECONDS
            self._trainer.context.report({
                "env_steps": self._env_steps, "mean_return": episodes.mean_return,
                "running_return": episodes.mean_running_return,
                "episodes": episodes.finished, **episodes.logs.means()})

    def report_update(self, stats: object, episodes: EpisodeStatistics) -> dict[str, Any]:
        """Report what an update did, and how well the policy does; return what was reported."""
        metrics = {
            **vars(stats), "env_steps": self._env_steps, "mean_return": episodes.mean_return,
            "episodes": episodes.finished, "total_updates": self.updates,
            "total_env_steps": self._earlier_env_steps + self._env_steps,
            **episodes.logs.means()}
        self._trainer.context.report(metrics)
        return metrics

    async def reach_boundary(self, shared: SharedPolicy, loss: float,
                             episodes: EpisodeStatistics) -> None:
        """Announce the end of an update, and let the agent have the new weights."""
        metric = episodes.mean_return if episodes.window_full else None
        ends = "max_updates" if 0 < self._trainer.max_updates <= self.updates else None
        boundary = self._trainer.context.boundary(
            self.updates, metric, self._trigger, ends=ends, loss=loss)
        shared.commit(hold=boundary.saves)
        if boundary.saves or self._trainer.context.paused:
            await asyncio.sleep(0)  # who makes the update in a region leaves it: all is to stand
        await boundary.reached()
        shared.release()

    def values(self) -> dict[str, Any]:
        """Return what `restore` needs, as JSON values."""
        return {"updates": self.updates, "env_steps": self._earlier_env_steps + self._env_steps,
                "best_metric": self._trigger.best if self._trigger else None}

    def restore(self, state: NodeState) -> None:
        """Go on from a state with `values`; ValueError if there are no updates left to make."""
        values: Mapping[str, Any] = state.values
        updates, most = values["updates"], self._trainer.max_updates
        if not self._trainer.context.inference and 0 < most <= updates:
            raise ValueError(f"it has {updates} updates behind it: expected max_updates above "
                             f"that, found {most}")
        self.updates = updates
        self._earlier_env_steps = values["env_steps"]
        if self._trigger is not None:
            self._trigger.best = values["best_metric"]
