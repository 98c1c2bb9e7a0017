"""Finds the other ends of edges at the start, and notices when they are gone later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from dnne_ros.errors import PeerError
from dnne_ros.runtime.coordination.liveness import READY, RUNNING, STARTING, Liveness
from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.policy import WhenAbsent
from dnne_ros.transport.remote_reader import RemoteReader

if TYPE_CHECKING:
    from dnne_ros.options.run_settings import RunSettings
    from dnne_ros.runtime.coordination.run_control import RunControl
    from dnne_ros.runtime.coordination.status import StatusChannel
    from dnne_ros.runtime.edges.wiring import Wiring
    from dnne_ros.runtime.node_host import NodeHost

_HANDSHAKE_SECONDS = 0.01
_HANDSHAKE_SHARE = 0.1
"""Of the time waited so far: looking at the ROS graph of many processes is slow, and they all
look while others still want the processor to start."""
_ANNOUNCE_SECONDS = 1.0
_REJOIN_SECONDS = 2.0
_WATCHERS_SECONDS = 0.2
_TWIN_TICKS = 10
_TWIN_ADVICE = ("another copy of this graph is running; give this one a namespace of its own: "
                "--ros-args -r __ns:=/another")


class Peers:
    """The other processes of a run, as one process sees them."""

    def __init__(self, process: str, others: Sequence[str], hosts: Sequence[NodeHost],
                 wiring: Wiring, control: RunControl, settings: RunSettings,
                 status: StatusChannel, nodes_of: Mapping[str, str]):
        """Look after the edges in ``wiring``; ``nodes_of`` names the nodes of each process."""
        self._process = process
        self._others = others
        self._hosts = hosts
        self._wiring = wiring
        self._control = control
        self._settings = settings
        self._status = status
        self._nodes_of = nodes_of
        self._watch_for_twins = _TWIN_TICKS
        self._announced = 0.0
        self._state = STARTING
        self._liveness = Liveness(hosts[0], settings.run_id, process, others,
                                  settings.absent_after) if others else None

    async def rendezvous(self) -> None:
        """Wait until both ends of every edge between processes are there, and all are ready.

        No node starts before all processes have found their peers and no twin of the graph.
        """
        deadline = time.monotonic() + self._settings.peer_timeout
        await self._wait_for(self._missing_ends, deadline)
        # Those who watch already get the first items too; no event says that all are found.
        await asyncio.sleep(_WATCHERS_SECONDS)
        liveness = self._liveness
        if liveness is None:
            return
        if twins := self._twins():
            await self._rejoin(twins, liveness)
        self._state = READY
        await self._wait_for(partial(self._not_ready, liveness), deadline)
        self._state = RUNNING
        liveness.say(RUNNING)
        liveness.start()

    def poll(self) -> None:
        """Say that we are there and act on who is not; to be called a few times a second.

        Raises `PeerError` when a process is gone at the other end of an edge that may not wait.
        """
        # In one process a twin does no harm but to those who watch, so a word is enough.
        # Only a young process looks: it is the newcomer, and discovery takes a moment only.
        self._watch_for_twins -= 1
        if not self._others and self._watch_for_twins >= 0 and (twins := self._twins()):
            self._watch_for_twins = 0
            self._status.send("warning", message=f"{', '.join(twins)}: {_TWIN_ADVICE}")
        if self._liveness is None:
            return
        now = time.monotonic()
        if now - self._announced >= _ANNOUNCE_SECONDS:
            self._announced = now
            self._liveness.say(self._state)
            for reader in self._wiring.readers.values():
                reader.announce()
        if any(writer.replaced for writer in self._wiring.writers):
            raise PeerError(f"{self._process}: another process has taken its place")
        gone, back = self._liveness.changes()
        for process in back:
            self._status.send("warning", message=f"process {process} is back")
        for process in gone:
            self._act_on_absence(process)

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
        waiting = {name: reader for name, reader in self._wiring.readers.items()
                   if not reader.connected}
        for reader in waiting.values():
            reader.announce()
        return [f"the source of {name}" for name in waiting] + [
            consumer for writer in self._wiring.writers for consumer in writer.missing()]

    def _not_ready(self, liveness: Liveness) -> list[str]:
        liveness.say(self._state)
        return [f"process {name}" for name in liveness.not_ready()]

    async def _rejoin(self, twins: list[str], liveness: Liveness) -> None:
        """Go on if we replace a process of this run that died; PeerError for another copy.

        What was killed a moment ago is still in the ROS graph, as if it were a twin of ours.
        """
        deadline = time.monotonic() + _REJOIN_SECONDS
        while not liveness.someone_runs:
            if time.monotonic() > deadline:
                raise PeerError(f"{', '.join(twins)}: {_TWIN_ADVICE}")
            await asyncio.sleep(_HANDSHAKE_SECONDS)

    def _twins(self) -> list[str]:
        """Return those of our nodes whose full name another running node has too."""
        visible = [f"{space.rstrip('/')}/{name}"
                   for name, space in self._hosts[0].get_node_names_and_namespaces()]
        return [name for name in (host.get_fully_qualified_name() for host in self._hosts)
                if visible.count(name) > 1]

    async def _wait_for(self, missing: Callable[[], list[str]], deadline: float) -> None:
        """Wait until ``missing`` returns nothing; PeerError naming it after the deadline."""
        started = time.monotonic()
        while absent := missing():
            if self._control.ended.is_set():
                return
            if time.monotonic() > deadline:
                raise PeerError(f"{self._process}: no word after "
                                f"{self._settings.peer_timeout:.0f} s from "
                                f"{', '.join(sorted(set(absent)))}")
            waited = time.monotonic() - started
            await asyncio.sleep(max(_HANDSHAKE_SECONDS, _HANDSHAKE_SHARE * waited))
