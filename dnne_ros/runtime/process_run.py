"""The life of one process, from when its nodes are loaded until the run is over."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from dnne_ros.errors import DnneError, InputError, PeerError, Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.fault_settings import STOP
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.placement.placement import Placement
from dnne_ros.runtime.coordination.pause import Pause
from dnne_ros.runtime.coordination.peers import Peers
from dnne_ros.runtime.coordination.run_channel import ProcessGroup
from dnne_ros.runtime.coordination.run_control import FAILED, RunControl
from dnne_ros.runtime.coordination.standstill import Standstill
from dnne_ros.runtime.coordination.status import StatusChannel
from dnne_ros.runtime.coordination.unawaited import Unawaited
from dnne_ros.runtime.edges.wiring import Wiring
from dnne_ros.runtime.event_loop import RosEventLoop
from dnne_ros.runtime.monitoring.blocked_loop import BlockedLoop
from dnne_ros.runtime.monitoring.diagnostics import Diagnostics
from dnne_ros.runtime.monitoring.flight_recorder import FlightRecorder
from dnne_ros.runtime.monitoring.loop_watch import LoopWatch
from dnne_ros.runtime.monitoring.node_waits import NodeWaits
from dnne_ros.runtime.node.node_host import NodeHost
from dnne_ros.runtime.node.node_runner import NodeRunner
from dnne_ros.runtime.priorities import Priorities
from dnne_ros.runtime.process_nodes import ProcessNodes
from dnne_ros.runtime.replicas.process_replica import ReplicaProcesses
from dnne_ros.runtime.replicas.replicating import replicate

_HOUSEKEEPING_SECONDS = 0.2
_FLUSH_SECONDS = 0.5


@dataclass(frozen=True)
class ProcessParts:
    """What a process consists of; ``graph`` as remapping rules leave it."""

    graph: Graph
    placement: Placement
    settings: RunSettings
    group: ProcessGroup
    status: StatusChannel
    hosts: dict[str, NodeHost]
    wiring: Wiring
    control: RunControl
    peers: Peers
    pause: Pause
    nodes: ProcessNodes
    diagnostics: Diagnostics
    priorities: Priorities
    flight: FlightRecorder | None = None
    replicas: ReplicaProcesses | None = None


class ProcessRun:
    """Runs the nodes of a process, and ends with the first that fails or when the run is over."""

    def __init__(self, parts: ProcessParts, loop: RosEventLoop):
        """Run ``parts`` in ``loop``, which is that of the caller of `live`."""
        self._parts = parts
        self._loop = loop
        self._stops = Unawaited()
        self._runners: dict[str, NodeRunner] = {}
        self._standstill: Standstill | None = None
        self._loop_watch = LoopWatch(loop, self._on_stuck)
        self._blocked_loop = BlockedLoop(loop, self._on_blocked)
        self._limit: asyncio.TimerHandle | None = None

    async def live(self, on_started: Callable[[], object] = lambda: None,
                   on_failed: Callable[[DnneError], object] = lambda error: None) -> None:
        """Meet the other processes, run, and end in good order; ``on_started()`` in between.

        Raises `DnneError` if a node or another process fails; ``on_failed`` knows of it before
        the nodes are closed, which may take a while.
        """
        parts = self._parts
        diagnostics = self._loop.create_task(parts.diagnostics.run())
        diagnostics.add_done_callback(lambda task: task.cancelled() or task.result())  # be loud
        try:
            await parts.peers.rendezvous()
            if not parts.control.ended.is_set():
                parts.control.begin()
                parts.status.send("started", message=self._running() if parts.group.leads else "")
                self._limit_duration()
                on_started()
                await self._run_nodes()
        except DnneError as error:
            self._put_aside(error)
            on_failed(error)
            if parts.settings.host is not None:  # no supervisor tells the other hosts
                parts.control.end(FAILED)
            raise
        finally:
            if self._limit is not None:
                self._limit.cancel()
            parts.pause.lift()
            await parts.nodes.close()
            self._flush()
            diagnostics.cancel()
            parts.status.send("edges", edges=parts.wiring.edge_reports(parts.graph))

    def _running(self) -> str:
        """Return the line that launch files wait for, to start what needs the graph."""
        host = next(iter(self._parts.hosts.values()))
        return f"{host.get_namespace()} is running"

    def stop(self, reason: str) -> None:
        """Let the run end; nothing waits for it."""
        if self._standstill is not None:
            self._standstill.tell_at_end()
        self._stops.start(self._parts.control.stop(reason))

    def _limit_duration(self) -> None:
        """End after the time that was asked for, unless a supervisor sees to it."""
        parts = self._parts
        if parts.settings.duration is not None and parts.group.leads \
                and parts.status.file_descriptor is None:
            self._limit = self._loop.call_later(parts.settings.duration, self.stop, "duration")

    async def _run_nodes(self) -> None:
        """Run every node's coroutine until the run ends or one fails."""
        self._runners = {id: self._runner(id) for id in self._parts.nodes.by_id}
        if self._parts.priorities.differ:
            self._loop.go_by_priority()
        running = {self._start_node(id) for id in self._runners}
        self._standstill = self._watch_for_standstill()
        self._blocked_loop.start()
        housekeeping = self._loop.create_task(self._keep_house(self._standstill))
        ended = self._loop.create_task(self._parts.control.ended.wait())
        try:
            await self._supervise(set(running), {ended, housekeeping})
            if not self._parts.settings.lifecycle:  # which may begin once more
                self._parts.status.send("over")
        finally:
            self._loop_watch.close()
            self._blocked_loop.close()
            for task in (*running, ended, housekeeping):
                task.cancel()
            await asyncio.gather(*running, ended, housekeeping, return_exceptions=True)
            await asyncio.gather(*(each.replicated.close()
                                   for each in self._parts.nodes.contexts.values()
                                   if each.replicated is not None))

    async def _supervise(self, running: set[asyncio.Task[Any]], others: set[asyncio.Task[Any]]
                         ) -> None:
        """Wait until the run ends, a node fails, or every node is through.

        ``others``: what ends only when the run does, or fails.
        """
        while True:
            done, _ = await asyncio.wait(running | others,
                                         return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            running -= done
            if done & others:
                return
            if not running and not self._parts.group.others:
                await self._parts.control.stop("finished")
                return

    async def _keep_house(self, standstill: Standstill) -> None:
        while True:
            self._blocked_loop.turns()
            standstill.look()
            self._parts.peers.poll()
            for output in self._parts.wiring.outputs.values():
                output.look_for_watchers()
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)

    def _watch_for_standstill(self) -> Standstill:
        parts = self._parts
        nodes = parts.graph.nodes
        waits = NodeWaits(parts.graph, parts.wiring, parts.hosts, parts.nodes.contexts,
                          self._runners)
        logs = {nodes[id].ros_name: context.log for id, context in parts.nodes.contexts.items()}
        process_of = {node.ros_name: parts.placement.process_of(id) for id, node in nodes.items()}
        return Standstill(parts.group, waits, process_of, parts.peers.heartbeat, parts.status,
                          lambda name, text: logs[name].info(text))

    def _runner(self, node_id: str) -> NodeRunner:
        nodes = self._parts.nodes
        replicate(self._parts.graph.nodes[node_id], self._parts.hosts[node_id],
                  nodes.contexts[node_id], self._parts.wiring, self._parts.replicas)
        return NodeRunner(nodes.by_id[node_id], self._parts.hosts[node_id],
                          nodes.contexts[node_id], lambda: nodes.remake(node_id),
                          self._loop_watch)

    def _start_node(self, node_id: str) -> asyncio.Task[None]:
        context = self._parts.priorities.context_of(node_id) or copy_context()
        return context.run(self._loop.create_task, self._run_node(node_id))

    async def _run_node(self, node_id: str) -> None:
        try:
            await self._runners[node_id].run()
        except InputError as error:
            problems = Problems(self._parts.graph.path)
            self._parts.nodes.add_problems(problems, node_id, error)
            problems.raise_if_any()

    def _put_aside(self, error: DnneError) -> None:
        """Put aside what led to a failure; of a process that is gone, who has started it does."""
        supervised = self._parts.status.file_descriptor is not None
        if self._parts.flight is not None and not (supervised and isinstance(error, PeerError)):
            self._parts.flight.save(str(error))

    def _on_blocked(self, text: str) -> None:
        """Say that the loop stands still, in the watching thread."""
        self._parts.status.send("warning", message=text)
        if self._parts.flight is not None:
            self._parts.flight.note("", "loop", text)

    def _on_stuck(self, name: str, policy: str, seconds: float) -> None:
        """Say that a node blocks the loop, in the watching thread; if it is to stop, leave."""
        context = next(each for each in self._parts.nodes.contexts.values() if each.name == name)
        message = (f"blocks all nodes of its process for {seconds:.3g} s; what blocks belongs "
                   "into run_blocking")
        context.log.error(message)
        flight = self._parts.flight
        if flight is not None and policy != STOP:
            flight.fault_of_blocked(name.rpartition("/")[2], message)
        if policy == STOP:
            failure = f"{name} (item {context.items}): {message}"
            if flight is not None:
                flight.save(failure)
            self._parts.status.send("error", message=failure)
            os._exit(1)  # the loop, which could end in good order, is what is stuck

    def _flush(self) -> None:
        """Wait a moment for those who are to have what was said last."""
        deadline = time.monotonic() + _FLUSH_SECONDS
        for output in self._parts.wiring.outputs.values():
            output.flush(deadline - time.monotonic())
        for context in self._parts.nodes.contexts.values():
            context.topics.flush(deadline - time.monotonic())
        self._parts.control.flush()
