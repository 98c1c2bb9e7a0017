"""Decides when a run saves and when it ends, and makes its processes do so together.

One process leads: the one whose node announces boundaries (a trainer), else the first.  It talks
with the others on the hidden topic ``_run``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.checkpoint_trigger import CheckpointTrigger
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.runtime.coordination.bus import Bus, Delivery
from dnne_ros.runtime.coordination.checkpoint_follower import CheckpointFollower
from dnne_ros.runtime.coordination.checkpoint_leader import CheckpointLeader
from dnne_ros.runtime.coordination.checkpoint_part import (
    SAVE_SECONDS,
    CheckpointPart,
    SavedNodes,
    ended_within,
)
from dnne_ros.runtime.coordination.run_channel import ProcessGroup, RunChannel
from dnne_ros.runtime.coordination.save_messages import BEST_FOLDER
from dnne_ros.runtime.coordination.unawaited import Unawaited

if TYPE_CHECKING:
    from dnne_ros.runtime.coordination.status import StatusChannel

TOPIC = "_run"
DELIVERY = Delivery(reliable=True, kept=10, queue=1000)
"""Processes start in any order; all of them may answer while the leader writes."""

FAILED = "failed"
"""The reason of a stop for which a process has failed: it is gone already."""

_BOUNDARY_GRACE = 1.0
"""Seconds that a stop waits for the next boundary, where all states fit together."""

_LEADER_GRACE = 3.0
"""Seconds that a stop waits for a sign that the leader is at it."""

_FLUSH_SECONDS = 0.5


_LIMITS = {"max_updates": ("total_updates",), "max_env_steps": ("total_env_steps", "env_steps")}
"""The options that end a run at a figure, and under which names nodes report it."""


def limit_reached(settings: RunSettings, metrics: Mapping[str, Any]) -> str | None:
    """Return the option whose figure the run has reached, if any."""
    for option, names in _LIMITS.items():
        limit = getattr(settings, option)
        figure = next((metrics[name] for name in names if name in metrics), None)
        if limit is not None and figure is not None and figure >= limit:
            return option
    return None


class RunBoundary:
    """See `dnne_ros.node_api.node.Boundary`."""

    def __init__(self, control: RunControl, save: bool, best: bool, end: str | None):
        """Save and then end the run with reason ``end``, as far as they are asked for."""
        self.saves = save or best
        self._save = save
        self._best = best
        self._end = end
        self._control = control

    async def reached(self) -> None:
        """Write what is due; never returns when the run ends here."""
        if self._best:
            await self._control.save_here(BEST_FOLDER)
        if self._save and await self._control.save_here():
            self._end = self._end or self._control.stop_wanted  # there is no better moment
        if self._end is not None:
            self._control.end(self._end)
            await asyncio.Event().wait()


class RunControl:
    """The run's state in one process."""

    def __init__(self, group: ProcessGroup, settings: RunSettings, status: StatusChannel,
                 bus: Bus, nodes: SavedNodes, node_types: Mapping[str, str],
                 announcers: int = 1):
        """Control one process of ``group``, with its ``nodes``.

        ``node_types`` are the types of all nodes of the graph that keep a state, by id;
        ``announcers`` is how many nodes announce boundaries: a boundary of one among several is
        none of the whole graph.
        """
        self.ended: asyncio.Event = asyncio.Event()
        self.reason = ""
        self.ended_by = ""
        """The process by which the run is over, if it is another."""
        self.stop_wanted: str | None = None
        """The reason of a stop that is under way."""
        self._group = group
        self._settings = settings
        self._status = status
        self._aligns = announcers <= 1
        self._can_save = settings.save_checkpoint_dir is not None and not settings.inference
        self._metrics: dict[str, Any] = {}
        self._begun = False
        self._sees_boundaries = False
        self._leader_stops = False
        self._warned_of_trigger = False
        self._triggers: list[CheckpointTrigger] = []
        self._endings = Unawaited()
        self._channel = RunChannel(bus, TOPIC, DELIVERY, group, self._on_message,
                                   lambda text: status.send("warning", message=text))
        part = CheckpointPart(nodes, settings.save_checkpoint_dir)
        self._leading: CheckpointLeader | None = None
        if group.leads:
            self._leading = CheckpointLeader(part, group.others, node_types, self._about,
                                             self._channel.say, status)
        self._saving = self._leading or CheckpointFollower(part, group.leader, self._channel.say)

    @property
    def unsaved(self) -> str:
        """Why the run has left no checkpoint of its end; "" if it has, or none was asked for.

        Only the leader knows.
        """
        if self._leading is None or not self._can_save:
            return ""
        if self._leading.failure or self._leading.written:
            return self._leading.failure
        return (f"no checkpoint was written to {self._settings.save_checkpoint_dir}: the run "
                "ended before one could be")

    def begin(self) -> None:
        """Note that the nodes start: from now on there is something to save."""
        self._begun = True

    def report(self, metrics: Mapping[str, Any]) -> None:
        """Pass a node's metrics on to the supervisor."""
        self._metrics.update(metrics)
        self._status.send("progress", metrics=dict(metrics))
        if self._settings.inference and (end := limit_reached(self._settings, self._metrics)):
            self._endings.start(self.stop(end))  # no boundary comes

    def save_when(self, trigger: CheckpointTrigger) -> None:
        """Ask ``trigger``, too, at each boundary."""
        self._triggers.append(trigger)

    def boundary(self, epoch: int, metric: float | None,
                 trigger: CheckpointTrigger | None = None, ends: str | None = None,
                 loss: float | None = None) -> RunBoundary:
        """Decide what happens at a boundary: save, end the run, both or nothing."""
        self._sees_boundaries = True
        end = self.stop_wanted or ends or limit_reached(self._settings, self._metrics)
        target = self._settings.until_return
        if end is None and target is not None and metric is not None and metric >= target:
            end = "until_return"
        triggers = [*self._triggers, *([] if trigger is None else [trigger])]
        if triggers and not self._can_save and not self._warned_of_trigger:
            self._warned_of_trigger = True
            self._status.send("warning", message="checkpoint_enabled is set, but no "
                              "--save-checkpoint-dir: nothing is saved")
        due = [trigger.keeps_best for trigger in triggers
               if self._can_save and trigger.due(
                   epoch, loss if trigger.wants_lowest else metric)]
        return RunBoundary(self, save=False in due or (self._can_save and end is not None),
                           best=True in due, end=end)

    async def save_here(self, folder: str = "") -> bool:
        """Write a checkpoint at a boundary and tell whether it is there."""
        return await self._saving.save(aligned=self._aligns, folder=folder)

    async def stop(self, reason: str) -> None:
        """End the run in good order: at the next boundary if one comes soon, saving first."""
        if self.stop_wanted is not None:
            return
        self.stop_wanted = reason
        try:
            if self._leading is not None:
                await self._save_last(self._leading, reason)
            elif reason != FAILED:  # the leader may be what has failed
                await self._let_leader_stop(reason)
        finally:
            self.end(reason)

    async def _save_last(self, leading: CheckpointLeader, reason: str) -> None:
        if not self._can_save:
            return
        if not self._begun:
            leading.note_failure("the run ended before it had begun")
            return
        if reason == FAILED and self._group.others:
            leading.note_failure("a process of the run has failed, and what it knew is gone")
            return
        self._channel.say("stopping")
        if self._sees_boundaries:
            await ended_within(_BOUNDARY_GRACE, self.ended.wait())
        await leading.save(aligned=False, unless=self.ended.is_set)

    async def _let_leader_stop(self, reason: str) -> None:
        """Wait until the leader has saved and says that the run is over."""
        self._channel.say("stop", reason=reason)
        if not await ended_within(_LEADER_GRACE, self.ended.wait()) and self._leader_stops:
            await ended_within(2 * SAVE_SECONDS, self.ended.wait())

    def end(self, reason: str) -> None:
        """End the run now, here and in the other processes."""
        if not self.ended.is_set():
            self._channel.say("over", reason=reason, by=self.ended_by or self._group.process)
            self._take_end(reason)

    def flush(self) -> None:
        """Wait until the other processes have what was said last; then this one may leave."""
        self._channel.flush(_FLUSH_SECONDS)

    def _take_end(self, reason: str) -> None:
        if not self.ended.is_set():
            self.reason = reason
            self.ended.set()

    def _about(self) -> dict[str, Any]:
        return {"seed": self._settings.seed, "metrics": self._metrics}

    def _on_message(self, sender: str, content: Mapping[str, Any]) -> None:
        said = content["say"]
        if said == "over":
            self.ended_by = self.ended_by or str(content["by"])
            self._on_over(sender, str(content["reason"]))
        elif said == "stop":
            if self._group.leads:
                self.ended_by = self.ended_by or sender
                self._endings.start(self.stop(str(content["reason"])))
        elif said == "stopping":
            self._leader_stops = self._leader_stops or sender == self._group.leader
        elif said in ("save", "saved", "save_wish", "save_result"):
            self._saving.on_message(sender, content)
        else:
            raise ValueError(f"unknown message {said!r:.40}")

    def _on_over(self, sender: str, reason: str) -> None:
        """End with the others; a checkpoint that is being written is written first."""
        if self._leading is None:
            self._take_end(reason)
        else:
            self._leading.lose(sender)
            self._endings.start(self._end_when_written(self._leading, reason))

    async def _end_when_written(self, leading: CheckpointLeader, reason: str) -> None:
        await leading.idle()
        self._take_end(reason)
