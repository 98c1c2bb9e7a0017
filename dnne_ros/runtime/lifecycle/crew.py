"""The processes that follow the one with the managed node, as that one sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.event_waits import came_within
from dnne_ros.runtime.coordination.run_channel import ProcessGroup, RunChannel
from dnne_ros.runtime.lifecycle.crew_channel import (
    DELIVERY,
    FAILED,
    NOW,
    PERIOD,
    STATES,
    TOPIC,
    UNCONFIGURED,
    Now,
)

if TYPE_CHECKING:
    from dnne_ros.options.run_settings import RunSettings
    from dnne_ros.runtime.coordination.bus import Bus
    from dnne_ros.runtime.coordination.status import StatusChannel

_LAST_REPORT_SECONDS = 2.0
"""How long the reason may take that follows the word of a process that has failed."""


@dataclass
class _Report:
    """What a process has said last: its state in a generation, and why it is not as wanted."""

    state: str = ""
    generation: int = 0
    trouble: str = ""
    heard: float = 0.0


class Crew:
    """Tells the other processes which state is wanted, and knows how far they have come."""

    def __init__(self, bus: Bus, group: ProcessGroup, settings: RunSettings,
                 status: StatusChannel, now: Now = NOW):
        """Lead the others of ``group``; ``now()``: seconds."""
        self._settings = settings
        self._now = now
        self._goal = UNCONFIGURED
        self.generation = 0
        """Which run the wanted state belongs to."""
        self._since = now()
        self._reports = {process: _Report() for process in group.others}
        self._changed = asyncio.Event()
        self._given_up = False
        self._channel = RunChannel(bus, TOPIC, DELIVERY, group, self._on_report,
                                   lambda text: status.send("warning", message=text))

    def want(self, state: str, *, anew: bool = False) -> None:
        """Want ``state`` from now on; ``anew``: in a generation of its own."""
        self._goal = state
        self.generation += anew
        self._since = self._now()
        for report in self._reports.values():
            report.heard = self._since  # what loads says nothing
        self.tell()

    def tell(self) -> None:
        """Say which state is wanted."""
        self._channel.say(self._goal, generation=self.generation)

    def flush(self, seconds: float) -> None:
        """Wait until the others know it, at most ``seconds``."""
        self._channel.flush(seconds)

    def give_up(self) -> None:
        """Wait for nobody any more."""
        self._given_up = True
        self._changed.set()

    async def reached(self) -> list[str]:
        """Wait until all others are in the wanted state; returns what has kept them from it.

        Nothing is known of one that has not said within ``peer_timeout`` that it is at it.
        """
        while True:
            self._changed.clear()
            troubles = list(self._troubles())
            behind = [process for process, report in self._reports.items()
                      if (report.state, report.generation) != (self._goal, self.generation)
                      and not self._failed(report)]
            silent = [process for process in behind
                      if self._reports[process].generation != self.generation]
            if not behind or self._given_up:
                return troubles
            if silent and self._now() > self._since + self._settings.peer_timeout:
                return [*troubles, f"no word after {self._settings.peer_timeout:.0f} s from "
                        f"process {', '.join(silent)}"]
            await self._change()

    async def failing(self) -> list[str]:
        """Wait until one of the others, which should be active, is not; returns what is known."""
        while not (troubles := [*self._troubles(), *self._gone()]):
            self._changed.clear()
            await self._change()
        return troubles

    async def why(self) -> list[str]:
        """Return why the run of this generation is over, as one of the others has said so."""
        known = asyncio.ensure_future(self.failing())
        await asyncio.wait({known}, timeout=_LAST_REPORT_SECONDS)
        if known.cancel():
            return ["a process has ended the run and does not say why"]
        return known.result()

    def _troubles(self) -> Iterator[str]:
        for process, report in self._reports.items():
            if self._failed(report):
                yield f"process {process}: {report.trouble}"

    def _failed(self, report: _Report) -> bool:
        return report.state == FAILED and report.generation == self.generation

    def _gone(self) -> Iterator[str]:
        """Say which of the others are not the ones any more that were activated."""
        silence = self._settings.absent_after
        for process, report in self._reports.items():
            if report.generation != self.generation or report.state == UNCONFIGURED:
                yield f"process {process} has died and was started again"
            elif report.heard < self._now() - silence:
                yield f"process {process} has given no sign of life for {silence:g} s"

    async def _change(self) -> None:
        await came_within(self._changed, PERIOD)  # or it is time to look who is silent

    def _on_report(self, sender: str, content: Mapping[str, Any]) -> None:
        state, generation = content["say"], content["generation"]
        if state not in STATES or type(generation) is not int:
            raise ValueError(f"no state of a process: {state!r:.40}, {generation!r:.40}")
        self._reports[sender] = _Report(state, generation, str(content["trouble"]), self._now())
        self._changed.set()
