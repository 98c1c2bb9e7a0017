"""A process of a managed graph without the managed node: it does as the one with it says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import DnneError, printable
from dnne_ros.runtime.coordination.run_channel import ProcessGroup, RunChannel
from dnne_ros.runtime.coordination.run_control import FAILED as RUN_FAILED
from dnne_ros.runtime.coordination.stops import heed_stops
from dnne_ros.runtime.lifecycle.crew_channel import (
    ACTIVE,
    DELIVERY,
    FAILED,
    FINALIZED,
    INACTIVE,
    LOADING,
    STATES,
    STOPPED,
    TOPIC,
    UNCONFIGURED,
)
from dnne_ros.runtime.lifecycle.process_life import DEACTIVATED, SHUT_DOWN, ProcessLife

if TYPE_CHECKING:
    from dnne_ros.runtime.coordination.bus import Bus
    from dnne_ros.runtime.coordination.status import StatusChannel
    from dnne_ros.runtime.event_loop import RosEventLoop


class FollowingProcess:
    """Loads, runs and takes apart the nodes of one process as its leader wants them."""

    def __init__(self, life: ProcessLife, bus: Bus, group: ProcessGroup, loop: RosEventLoop,
                 status: StatusChannel):
        """Follow the leader of ``group``, in ``loop``."""
        self._life = life
        self._leader = group.leader
        self._loop = loop
        self._status = status
        self._reason = ""
        self._goal, self._wanted = UNCONFIGURED, 0
        self._state, self._generation, self._trouble = UNCONFIGURED, 0, ""
        self._changed = asyncio.Event()
        self._channel = RunChannel(bus, TOPIC, DELIVERY, group, self._on_goal,
                                   lambda text: status.send("warning", message=text))

    def live(self) -> str:
        """Follow until the process is to leave, and return the reason."""
        heed_stops(self._loop, self._status, self._stop)
        try:
            while not self._reason:
                self._follow()
                self._loop.run_until_complete(self._changed.wait())
                self._changed.clear()
        finally:
            self._life.take_apart()
        return self._reason

    def tell(self) -> None:
        """Say in which state the process is."""
        self._channel.say(self._state, generation=self._generation, trouble=self._trouble)

    def _follow(self) -> None:
        """Take one step towards the state that is wanted; another word may come meanwhile."""
        if self._goal == FINALIZED:
            self._reason = SHUT_DOWN
        elif self._goal == UNCONFIGURED:
            self._life.unload()
            self._be(UNCONFIGURED, self._wanted)
        elif self._wanted != self._generation or self._state == UNCONFIGURED:
            if self._goal == INACTIVE:  # the others have run without this one, if it is active
                self._load()
        elif self._goal == ACTIVE and self._state == INACTIVE:
            self._run()

    def _load(self) -> None:
        self._be(LOADING, self._wanted)
        try:
            self._life.load(self._generation)
        except DnneError as error:
            self._be(FAILED, self._generation, printable(str(error)))
        else:
            self._be(INACTIVE, self._generation)

    def _run(self) -> None:
        generation = self._generation
        reason = self._loop.run_until_complete(self._life.run(
            lambda: self._be(ACTIVE, generation),
            lambda error: self._be(FAILED, generation, printable(str(error)))))
        self._life.take_apart()
        if reason not in (DEACTIVATED, SHUT_DOWN, RUN_FAILED):
            self._reason = self._reason or reason
        elif self._state != FAILED:
            self._be(STOPPED, generation)

    def _be(self, state: str, generation: int, trouble: str = "") -> None:
        self._state, self._generation, self._trouble = state, generation, trouble
        self.tell()

    def _on_goal(self, sender: str, content: Mapping[str, Any]) -> None:
        goal, generation = content["say"], content["generation"]
        if goal not in STATES or type(generation) is not int:
            raise ValueError(f"no state of a graph: {goal!r:.40}, {generation!r:.40}")
        if sender == self._leader and (goal, generation) != (self._goal, self._wanted):
            self._goal, self._wanted = goal, generation
            self._changed.set()

    def _stop(self, reason: str) -> None:
        self._reason = reason
        self._changed.set()
        self._life.stop(reason)
