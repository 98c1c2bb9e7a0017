"""Finds the other ends of edges at the start, and notices when they are gone later."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from dnne_ros.errors import PeerError
from dnne_ros.runtime.coordination.heartbeat import MAKING, READY, RUNNING, STARTING, Heartbeat
from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.policy import WhenAbsent
from dnne_ros.transport.remote_reader import RemoteReader

if TYPE_CHECKING:
    from dnne_ros.options.run_settings import RunSettings
    from dnne_ros.runtime.coordination.bus import Bus
    from dnne_ros.runtime.coordination.pause import Pause
    from dnne_ros.runtime.coordination.run_channel import ProcessGroup
    from dnne_ros.runtime.coordination.status import StatusChannel
    from dnne_ros.runtime.edges.wiring import Wiring

_HANDSHAKE_SECONDS = 0.01
_HANDSHAKE_SHARE = 0.1
"""Of the time waited so far: looking at the ROS graph of many processes is slow, and they all
look while others still want the processor to start."""
_ANNOUNCE_SECONDS = 1.0
_REJOIN_SECONDS = 2.0
_WATCHERS_SECONDS = 0.2
_TWIN_TICKS = 100
"""How many looks a process counts as young; on a busy machine discovery takes seconds."""
_TWIN_ADVICE = ("another copy of this graph is running; give this one a namespace of its own: "
                "--ros-args -r __ns:=/another")


class Peers:
    """The other processes of a run, as one process sees them."""

    def __init__(self, group: ProcessGroup, bus: Bus, wiring: Wiring, settings: RunSettings,
                 status: StatusChannel, ended: asyncio.Event, nodes_of: Mapping[str, str],
                 twins: Callable[[], list[str]], now: Callable[[], float] = time.monotonic,
                 hosts: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
                 returning: Collection[str] = (), pause: Pause | None = None):
        """Look after the edges in ``wiring`` until the run has ``ended``.

        ``nodes_of`` names the nodes of each process.  ``twins()`` returns those of our nodes
        whose full name another running node has too.  ``now()``: seconds.  ``hosts``: the other
        machines of the run with their processes; without one of them the run is over, but for
        those ``returning``, which may be taken up again.  A ``pause`` is told to the others.
        """
        self._group = group
        self._wiring = wiring
        self._settings = settings
        self._status = status
        self._ended = ended
        self._nodes_of = nodes_of
        self._twins = twins
        self._now = now
        self._hosts = hosts
        self._returning = returning
        self._watch_for_twins = _TWIN_TICKS
        self._announced = -math.inf
        self._state = STARTING
        self.heartbeat = Heartbeat(bus, group, settings.absent_after, now, pause)
        if pause is not None:
            pause.on_set = lambda: self.heartbeat.beat(self._state)

    def still_making(self) -> None:
        """Tell the others that our nodes are still being made."""
        self.heartbeat.beat(MAKING)

    async def rendezvous(self) -> None:
        """Wait until both ends of every edge between processes are there, and all are ready.

        No node starts before all processes have found their peers and no twin of the graph.  As
        long as one says that its nodes are still being made, the others wait.
        """
        deadline = self._now() + self._settings.peer_timeout
        await self._wait_for(self._missing_ends, deadline)
        # Those who watch already get the first items too; no event says that all are found.
        await asyncio.sleep(_WATCHERS_SECONDS)
        if not self._group.others:
            return
        if twins := self._twins():
            await self._rejoin(twins)
        self._state = READY
        await self._wait_for(self._not_ready, deadline)
        if twins := self._twins():  # on a busy machine they are found late
            await self._rejoin(twins)
        self._state = RUNNING
        self.heartbeat.beat(RUNNING)
        self.heartbeat.start()

    def poll(self) -> None:
        """Say that we are there and act on who is not; to be called a few times a second.

        Raises `PeerError` when a process is gone at the other end of an edge that may not wait.
        """
        # In one process a twin does no harm but to those who watch, so a word is enough.
        # Only a young process looks: it is the newcomer, or nearly so.
        self._watch_for_twins -= 1
        if not self._group.others and self._watch_for_twins >= 0 and (twins := self._twins()):
            self._watch_for_twins = 0
            self._status.send("warning", message=f"{', '.join(twins)}: {_TWIN_ADVICE}")
        if not self._group.others:
            return
        self._announce()
        if any(writer.replaced for writer in self._wiring.writers):
            raise PeerError(f"{self._group.process}: another process has taken its place")
        gone, back = self.heartbeat.changes()
        for process in back:
            self._status.send("warning", message=f"process {process} is back")
        for host, processes in self._hosts.items():
            if not set(gone).isdisjoint(processes) and self.heartbeat.absent(processes):
                self._act_on_lost_host(host, processes)
        for process in gone:
            self._act_on_absence(process)

    def _announce(self) -> None:
        """Say once a second that we are there, and to our producers how far we have come.

        Also to those that we know: another may have taken a producer's place.
        """
        now = self._now()
        if now - self._announced >= _ANNOUNCE_SECONDS:
            self._announced = now
            self.heartbeat.beat(self._state)
            for reader in self._wiring.readers.values():
                reader.announce()

    def _act_on_lost_host(self, host: str, processes: Iterable[str]) -> None:
        """End the run, unless nothing here waits for the host or it may come back."""
        ends = [end for process in processes for _, end in self._ends_at(process)]
        if ends and all(end.when_absent is WhenAbsent.DROP for end in ends):
            return
        nodes = ", ".join(self._nodes_of[process] for process in processes)
        text = (f"host {host} ({nodes}) has given no sign of life for "
                f"{self._settings.absent_after:g} s")
        if host not in self._returning:
            raise PeerError(text)
        self._status.send("warning", message=f"{text}; it is taken up again when it is back")

    def _act_on_absence(self, process: str) -> None:
        text = (f"process {process} ({self._nodes_of[process]}) has given no sign of life for "
                f"{self._settings.absent_after:g} s")
        ends = list(self._ends_at(process))
        failing = [name for name, end in ends if end.when_absent is WhenAbsent.FAIL]
        if failing:
            raise PeerError(f"{text}, and {', '.join(failing)} may not wait for it")
        actions = []
        for name, end in ends:
            if isinstance(end, Consumer) and end.when_absent is WhenAbsent.DROP:
                self._wiring.drop(end)
                actions.append(f"{name}: dropped")
            else:
                actions.append(f"{name}: waits")
        self._status.send("warning", message="; ".join([text, *actions]))

    def _ends_at(self, process: str) -> Iterator[tuple[str, Consumer | RemoteReader]]:
        for writer in self._wiring.writers:
            for consumer in writer.consumers:
                if consumer.process == process:
                    yield consumer.edge, consumer
        for name, reader in self._wiring.readers.items():
            if reader.process == process:
                yield name, reader

    def _missing_ends(self) -> list[str]:
        self._announce()
        waiting = {name: reader for name, reader in self._wiring.readers.items()
                   if not reader.connected}
        for reader in waiting.values():
            reader.announce()
        return [f"the source of {name}" for name in waiting] + [
            consumer for writer in self._wiring.writers for consumer in writer.missing()]

    def _not_ready(self) -> list[str]:
        self._announce()
        self.heartbeat.beat(self._state)
        return [f"process {name}" for name in self.heartbeat.not_ready()]

    async def _rejoin(self, twins: list[str]) -> None:
        """Go on if we replace a process of this run that died; PeerError for another copy.

        What was killed a moment ago is still in the ROS graph, as if it were a twin of ours.
        """
        deadline = self._now() + _REJOIN_SECONDS
        while not self.heartbeat.someone_runs and not self._ended.is_set():
            if self._now() > deadline:
                raise PeerError(f"{', '.join(twins)}: {_TWIN_ADVICE}")
            await asyncio.sleep(_HANDSHAKE_SECONDS)

    async def _wait_for(self, missing: Callable[[], list[str]], deadline: float) -> None:
        """Wait until ``missing`` returns nothing; PeerError naming it after the deadline."""
        started = self._now()
        while absent := missing():
            if self._ended.is_set():
                return
            heard = self.heartbeat.last_making + self._settings.peer_timeout
            if self._now() > max(deadline, heard):
                raise PeerError(f"{self._group.process}: no word after "
                                f"{self._settings.peer_timeout:.0f} s from "
                                f"{', '.join(sorted(set(absent)))}; one whose simulator is "
                                "still being made needs a longer --peer-timeout")
            waited = self._now() - started
            await asyncio.sleep(max(_HANDSHAKE_SECONDS, _HANDSHAKE_SHARE * waited))
