"""Runs the nodes of one process of a placement, from start-up to a clean end."""

from __future__ import annotations

import asyncio
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import rclpy
from rclpy.signals import SignalHandlerOptions

from dnne_ros.errors import DnneError, NodeError, PeerError, Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.nodes.node import Node
from dnne_ros.nodes.state import NodeState
from dnne_ros.placement.placement import Placement
from dnne_ros.runtime.checkpoint_store import CONTRACT, CheckpointStore
from dnne_ros.runtime.context import HostContext
from dnne_ros.runtime.contract import differences
from dnne_ros.runtime.event_loop import RosEventLoop
from dnne_ros.runtime.node_host import NodeHost
from dnne_ros.runtime.rewiring import rewire
from dnne_ros.runtime.ros_topics import HostTopics
from dnne_ros.runtime.run_control import RunControl
from dnne_ros.runtime.settings import RunSettings
from dnne_ros.runtime.status import StatusChannel
from dnne_ros.runtime.wiring import Wiring, wire

_HOUSEKEEPING_SECONDS = 0.2
_HANDSHAKE_SECONDS = 0.01
_WATCHERS_SECONDS = 0.2
_FLUSH_SECONDS = 0.5
_TWIN_TICKS = 10
_TWIN_ADVICE = ("another copy of this graph is running; give this one a namespace of its own: "
                "--ros-args -r __ns:=/another")


class GraphProcess:
    """The nodes of one process, their rclpy context and their event loop."""

    def __init__(self, graph: Graph, placement: Placement, name: str, settings: RunSettings,
                 status: StatusChannel):
        """Prepare to run process ``name`` of ``placement``; nothing is started yet."""
        self._graph = graph
        self._placement = placement
        self._name = name
        self._settings = settings
        self._status = status
        self._hosts: dict[str, NodeHost] = {}
        self._nodes: dict[str, Node] = {}
        self._contexts: dict[str, HostContext] = {}
        self._wiring = Wiring()

    def run(self, ros_args: Sequence[str] = ()) -> int:
        """Run until the graph ends and return the exit code.

        ``ros_args`` are ROS command-line arguments (remapping, parameters).  Raises
        `InputError` before any node runs if the input does not fit, and `DnneError` if a node
        or peer fails.
        """
        context = rclpy.Context()
        rclpy.init(args=list(ros_args), context=context,
                   signal_handler_options=SignalHandlerOptions.NO)
        loop = RosEventLoop(context)
        asyncio.set_event_loop(loop)
        try:
            self._set_up(context, loop)
            loop.run_until_complete(self._live(loop))
        finally:
            pending = asyncio.all_tasks(loop)
            for task in pending:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            for host in self._hosts.values():
                host.destroy_node()
            loop.executor.shutdown()
            loop.close()
            context.try_shutdown()
        if self._control.save_failed:
            raise DnneError(self._control.save_failed)
        return 0

    def _set_up(self, context: rclpy.Context, loop: RosEventLoop) -> None:
        """Create hosts, edges and nodes, and load what was saved."""
        graph = self._graph
        mine = self._placement.processes[self._name]
        problems = Problems(graph.path)
        for node_id in mine:
            self._hosts[node_id] = NodeHost(graph, graph.nodes[node_id], context)
        self._graph = graph = rewire(graph, next(iter(self._hosts.values())), problems)
        values = {id: host.declare(problems) for id, host in self._hosts.items()}
        problems.raise_if_any()
        self._control = self._make_control(mine)
        self._control.connect(next(iter(self._hosts.values())))
        self._wiring = wire(graph, self._placement, self._hosts, loop.ros.count_arrival)
        saved = self._saved_states()
        for node_id, host in self._hosts.items():
            node = graph.nodes[node_id].type(values[node_id])
            node.context = self._contexts[node_id] = HostContext(
                host, graph, self._wiring, self._settings, self._control,
                HostTopics(host, loop.ros.count_arrival))
            node.setup()
            self._nodes[node_id] = node
            host.serve(node)
            if node_id in saved:
                self._load(node_id, node, saved[node_id], problems)
            loop.executor.add_node(host)
        self._check_contract(problems)
        problems.raise_if_any()

    def _make_control(self, mine: Sequence[str]) -> RunControl:
        processes = self._placement.processes
        pacing = [name for name, nodes in processes.items()
                  if any(self._graph.nodes[node].type.announces_boundaries for node in nodes)]
        leader = (pacing or list(processes))[0]
        if leader == self._name and self._settings.save_directory is not None:
            store = CheckpointStore(self._settings.save_directory)
            store.prepare()
            store.lock()
            self._lock = store
        return RunControl(
            self._settings, self._name, [name for name in processes if name != self._name],
            leader == self._name, self._status,
            {id: node.type.type_name for id, node in self._graph.nodes.items()},
            self._save_nodes, self._statements)

    def _saved_states(self) -> dict[str, NodeState]:
        if self._settings.load_directory is None:
            return {}
        return CheckpointStore(self._settings.load_directory).read()

    def _load(self, node_id: str, node: Node, state: NodeState, problems: Problems) -> None:
        try:
            node.load_state(state)
        except (DnneError, ValueError, KeyError, RuntimeError) as error:
            self._add_problem(problems, node_id, f"checkpoint {self._settings.load_directory} "
                              f"does not fit: {error}")

    def _statements(self) -> list[dict[str, Any]]:
        return [dict(node.contract()) for node in self._nodes.values()]

    def _check_contract(self, problems: Problems) -> None:
        """Refuse to run a policy with something else than it was trained with.

        Training may go on with another rate or scale; a robot must never be driven so.
        """
        directory = self._settings.load_directory
        found = None if directory is None else CheckpointStore(directory).contract()
        where = "--load-checkpoint-dir" if directory is None else f"{directory}/{CONTRACT}"
        for node_id, node in self._nodes.items():
            messages = []
            if node.needs_contract and found is None:
                messages = [f"{where}: expected the contract of a trained policy, found none"]
            elif found is not None and (node.needs_contract or self._settings.inference):
                messages = [f"{where}: {difference}"
                            for difference in differences(found, node.contract())]
            for message in messages:
                self._add_problem(problems, node_id, message)

    def _add_problem(self, problems: Problems, node_id: str, message: str) -> None:
        node = self._graph.nodes[node_id]
        problems.add(message, node=node_id, type=node.type.type_name, title=node.title)

    async def _save_nodes(self, aligned: bool) -> dict[str, NodeState]:
        states = {}
        for node_id, node in self._nodes.items():
            state = await node.save_state(aligned)
            if state is not None:
                states[node_id] = state
        return states

    async def _live(self, loop: RosEventLoop) -> None:
        self._listen(loop)
        try:
            await self._meet_peers()
            if not self._control.ended.is_set():
                self._status.send("started")
                await self._run_nodes(loop)
        finally:
            for node in self._nodes.values():
                await node.close()
            deadline = time.monotonic() + _FLUSH_SECONDS
            for output in self._wiring.outputs.values():
                output.flush(deadline - time.monotonic())
            self._control.flush()
            self._status.send("edges", edges=self._wiring.edge_reports(self._graph))
        self._status.send("finished", reason=self._control.reason)

    async def _run_nodes(self, loop: RosEventLoop) -> None:
        """Run every node's coroutine until the run ends or one fails."""
        housekeeping = loop.create_task(self._keep_house())
        running = {loop.create_task(self._run_node(id, node)): id
                   for id, node in self._nodes.items()}
        ended = loop.create_task(self._control.ended.wait())
        try:
            await self._supervise({*running}, ended)
        finally:
            for task in (*running, ended, housekeeping):
                task.cancel()
            await asyncio.gather(*running, ended, housekeeping, return_exceptions=True)

    def _listen(self, loop: RosEventLoop) -> None:
        """Stop on signals, on the supervisor's word, and when the supervisor is gone."""
        stops: set[asyncio.Task[None]] = set()

        def stop(reason: str) -> None:
            task = loop.create_task(self._control.stop(reason))
            stops.add(task)
            task.add_done_callback(stops.discard)

        for signal_number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signal_number, stop, "interrupted")
        channel = self._status.file_descriptor
        if channel is not None:
            def closed() -> None:
                loop.remove_reader(channel)
                stop("supervisor gone")

            loop.add_reader(channel, self._status.read,
                            lambda message: stop(message["reason"]), closed)

    async def _meet_peers(self) -> None:
        """Wait until both ends of every DDS edge are there, and every process is ready.

        No node starts before all processes have found their peers and no twin of the graph.
        """
        waiting = dict(self._wiring.readers)

        def missing_ends() -> list[str]:
            for name, reader in list(waiting.items()):
                if reader.connected:
                    reader.announce()
                    del waiting[name]
            return [f"the source of {name}" for name in waiting] + [
                consumer for writer in self._wiring.writers for consumer in writer.missing()]

        deadline = time.monotonic() + self._settings.peer_timeout
        await self._wait_for(missing_ends, deadline)
        # Those who watch already get the first items too; no event says that all are found.
        await asyncio.sleep(_WATCHERS_SECONDS)
        if len(self._placement.processes) == 1:
            return
        if twins := self._twins():
            raise PeerError(f"{', '.join(twins)}: {_TWIN_ADVICE}")
        self._control.say_ready()
        await self._wait_for(
            lambda: [f"process {name}" for name in self._control.not_ready()], deadline)

    async def _wait_for(self, missing: Callable[[], list[str]], deadline: float) -> None:
        """Wait until ``missing`` returns nothing; PeerError naming it after the deadline."""
        while absent := missing():
            if self._control.ended.is_set():
                return
            if time.monotonic() > deadline:
                raise PeerError(f"{self._name}: no word after {self._settings.peer_timeout:.0f} s "
                                f"from {', '.join(sorted(set(absent)))}")
            await asyncio.sleep(_HANDSHAKE_SECONDS)

    def _twins(self) -> list[str]:
        """Return those of our nodes whose full name another running node has too."""
        hosts = list(self._hosts.values())
        visible = [f"{space.rstrip('/')}/{name}"
                   for name, space in hosts[0].get_node_names_and_namespaces()]
        return [name for name in (host.get_fully_qualified_name() for host in hosts)
                if visible.count(name) > 1]

    async def _keep_house(self) -> None:
        watch_for_twins = _TWIN_TICKS
        while True:
            # In one process a twin does no harm but to those who watch, so a word is enough.
            # Only a young process looks: it is the newcomer, and discovery takes a moment only.
            watch_for_twins -= 1
            if watch_for_twins >= 0 and (twins := self._twins()):
                watch_for_twins = 0
                self._status.send("warning", message=f"{', '.join(twins)}: {_TWIN_ADVICE}")
            for output in self._wiring.outputs.values():
                output.look_for_watchers()
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)

    async def _run_node(self, node_id: str, node: Node) -> None:
        context = self._contexts[node_id]
        try:
            await node.process()
        except DnneError as error:
            raise NodeError(f"{context.name} (item {context.items})", str(error)) from error
        except Exception as error:
            where = "".join(traceback.format_exception(error)).rstrip()
            context.log.error(f"failed at item {context.items}:\n{where}")
            raise NodeError(f"{context.name} (item {context.items})",
                            f"{type(error).__name__}: {error}") from error

    async def _supervise(self, running: set[asyncio.Task[Any]], ended: asyncio.Task[Any]
                         ) -> None:
        """Wait until the run ends, a node fails, or every node is through."""
        while True:
            done, _ = await asyncio.wait({*running, ended},
                                         return_when=asyncio.FIRST_COMPLETED)
            for task in done & running:
                task.result()
            running -= done
            if ended in done:
                return
            if not running and len(self._placement.processes) == 1:
                await self._control.stop("finished")
                return
