"""Runs the nodes of one process of a placement, from start-up to a clean end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rclpy
from rclpy.signals import SignalHandlerOptions

from dnne_ros.checkpoints.checkpoint_store import CONTRACT, MANIFEST, CheckpointStore
from dnne_ros.checkpoints.policy_interface import differences
from dnne_ros.errors import DnneError, InputError, Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.fault_settings import STOP
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.state import NodeState
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.placement.placement import Placement
from dnne_ros.runtime.context import HostContext
from dnne_ros.runtime.coordination.peers import Peers
from dnne_ros.runtime.coordination.run_control import RunControl
from dnne_ros.runtime.coordination.status import StatusChannel
from dnne_ros.runtime.edges.rewiring import rewire
from dnne_ros.runtime.edges.wiring import Wiring, wire
from dnne_ros.runtime.event_loop import RosEventLoop
from dnne_ros.runtime.monitoring.diagnostics import Diagnostics
from dnne_ros.runtime.monitoring.loop_watch import LoopWatch
from dnne_ros.runtime.node_host import NodeHost
from dnne_ros.runtime.node_runner import NodeRunner, close_node
from dnne_ros.runtime.ros_topics import HostTopics

_HOUSEKEEPING_SECONDS = 0.2
_FLUSH_SECONDS = 0.5
_RESTART_GRACE = 0.05
"""Seconds for a blocking call of a node that is made anew: it is likely what hangs."""


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
            self._wiring.close()
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
        self._wiring = wire(graph, self._placement, self._hosts, loop.ros,
                            self._settings.run_id)
        self._peers = self._make_peers()
        saved = self._saved_states()
        for node_id, host in self._hosts.items():
            node = graph.nodes[node_id].type(values[node_id])
            self._contexts[node_id] = HostContext(
                host, graph, self._wiring, self._settings, self._control,
                HostTopics(host))
            node.context = self._contexts[node_id]
            try:
                node.setup()
            except InputError as error:
                self._add_problems(problems, node_id, error)
                continue
            self._nodes[node_id] = node
            host.serve(node)
            if node_id in saved:
                self._load(node_id, node, saved[node_id], problems)
            loop.executor.add_node(host)
        self._check_contract(problems)
        problems.raise_if_any()
        self._diagnostics = Diagnostics(
            next(iter(self._hosts.values())), self._name, len(self._placement.processes), graph,
            self._wiring, self._contexts)

    def _make_control(self, mine: Sequence[str]) -> RunControl:
        processes = self._placement.processes
        pacing = [name for name, nodes in processes.items()
                  if any(self._graph.nodes[node].type.announces_boundaries for node in nodes)]
        leader = (pacing or list(processes))[0]
        if leader == self._name and self._settings.save_checkpoint_dir is not None:
            store = CheckpointStore(self._settings.save_checkpoint_dir)
            store.prepare()
            store.lock()
            self._lock = store
        return RunControl(
            self._settings, self._name, [name for name in processes if name != self._name],
            leader == self._name, self._status,
            {id: node.type.type_name for id, node in self._graph.nodes.items()},
            self._save_nodes, self._statements)

    def _make_peers(self) -> Peers:
        processes = self._placement.processes
        return Peers(
            self._name, [name for name in processes if name != self._name],
            list(self._hosts.values()), self._wiring, self._control, self._settings,
            self._status,
            {name: ", ".join(self._graph.nodes[node].ros_name for node in nodes)
             for name, nodes in processes.items()})

    def _saved_states(self) -> dict[str, NodeState]:
        directory = self._settings.load_checkpoint_dir or self._resumed_directory()
        return {} if directory is None else CheckpointStore(directory).read()

    def _newest_states(self) -> dict[str, NodeState]:
        """Return what this run has saved last or, having saved nothing, began with."""
        directory = self._settings.save_checkpoint_dir
        if directory is not None and (Path(directory) / MANIFEST).exists():
            return CheckpointStore(directory).read()
        return self._saved_states()

    def _resumed_directory(self) -> str | None:
        """Return where the run saves, if a node asks to go on from a checkpoint there."""
        asked = any(node.values.get("checkpoint_load_on_start") is True
                    for node in self._graph.nodes.values())
        directory = self._settings.save_checkpoint_dir
        if not asked or directory is None or not (Path(directory) / MANIFEST).exists():
            return None
        return directory

    def _load(self, node_id: str, node: Node, state: NodeState, problems: Problems) -> None:
        try:
            node.load_state(state)
        except (DnneError, ValueError, KeyError, RuntimeError) as error:
            directory = self._settings.load_checkpoint_dir
            self._add_problem(
                problems, node_id, f"checkpoint {directory} does not fit: {error}")

    def _statements(self) -> list[dict[str, Any]]:
        return [dict(node.policy_interface()) for node in self._nodes.values()]

    def _check_contract(self, problems: Problems) -> None:
        """Refuse to run a policy with something else than it was trained with.

        Training may go on with another rate or scale; a robot must never be driven so.
        """
        directory = self._settings.load_checkpoint_dir
        found = None if directory is None else CheckpointStore(directory).contract()
        where = "--load-checkpoint-dir" if directory is None else f"{directory}/{CONTRACT}"
        for node_id, node in self._nodes.items():
            messages = []
            trained_only = node.needs_trained_policy(node.values)
            if trained_only and found is None:
                messages = [f"{where}: expected the contract of a trained policy, found none"]
            elif found is not None and (trained_only or self._settings.inference):
                messages = [f"{where}: {difference}"
                            for difference in differences(found, node.policy_interface())]
            for message in messages:
                self._add_problem(problems, node_id, message)

    def _add_problem(self, problems: Problems, node_id: str, message: str) -> None:
        node = self._graph.nodes[node_id]
        problems.add(message, node=node_id, type=node.type.type_name, title=node.title)

    def _add_problems(self, problems: Problems, node_id: str, error: InputError) -> None:
        for problem in error.problems:
            self._add_problem(problems, node_id, f"{error.source}: {problem}")

    async def _save_nodes(self, aligned: bool) -> dict[str, NodeState]:
        states = {}
        for node_id, node in self._nodes.items():
            state = await node.save_state(aligned)
            if state is not None:
                states[node_id] = state
        return states

    async def _live(self, loop: RosEventLoop) -> None:
        self._listen(loop)
        diagnostics = loop.create_task(self._diagnostics.run())
        diagnostics.add_done_callback(lambda task: task.cancelled() or task.result())  # be loud
        try:
            await self._peers.rendezvous()
            if not self._control.ended.is_set():
                self._status.send("started")
                await self._run_nodes(loop)
        finally:
            await asyncio.gather(*(close_node(node) for node in self._nodes.values()))
            deadline = time.monotonic() + _FLUSH_SECONDS
            for output in self._wiring.outputs.values():
                output.flush(deadline - time.monotonic())
            for context in self._contexts.values():
                context.topics.flush(deadline - time.monotonic())
            self._control.flush()
            diagnostics.cancel()
            self._status.send("edges", edges=self._wiring.edge_reports(self._graph))
        self._status.send("finished", reason=self._control.reason)

    async def _run_nodes(self, loop: RosEventLoop) -> None:
        """Run every node's coroutine until the run ends or one fails."""
        housekeeping = loop.create_task(self._keep_house())
        self._loop_watch = LoopWatch(loop, self._on_stuck)
        running = {loop.create_task(self._run_node(id, node)): id
                   for id, node in self._nodes.items()}
        ended = loop.create_task(self._control.ended.wait())
        try:
            await self._supervise({*running}, {ended, housekeeping})
        finally:
            self._loop_watch.close()
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

    async def _keep_house(self) -> None:
        while True:
            self._peers.poll()
            for output in self._wiring.outputs.values():
                output.look_for_subscribers()
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)

    async def _run_node(self, node_id: str, node: Node) -> None:
        runner = NodeRunner(node, self._hosts[node_id], self._contexts[node_id], self._remake,
                            self._loop_watch)
        try:
            await runner.run()
        except InputError as error:
            problems = Problems(self._graph.path)
            self._add_problems(problems, node_id, error)
            problems.raise_if_any()

    def _on_stuck(self, name: str, policy: str, seconds: float) -> None:
        """Say that a node blocks the loop, in the watching thread; if it is to stop, leave."""
        context = next(each for each in self._contexts.values() if each.name == name)
        message = (f"blocks all nodes of its process for {seconds:.3g} s; what blocks belongs "
                   "into run_blocking")
        context.log.error(message)
        if policy == STOP:
            self._status.send("error", message=f"{name} (item {context.items}): {message}")
            os._exit(1)  # the loop, which could end in good order, is what is stuck

    async def _remake(self, old: Node) -> Node:
        """Close a node and return another of its type, with the state that was saved last."""
        await close_node(old, _RESTART_GRACE)
        node_id = old.context.node_id
        self._contexts[node_id].topics.close()
        node = type(old)(old.values)
        node.context = old.context
        node.setup()
        state = self._newest_states().get(node_id)
        if state is not None:
            node.load_state(state)
        self._nodes[node_id] = node
        self._hosts[node_id].serve(node)
        return node

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
            if not running and len(self._placement.processes) == 1:
                await self._control.stop("finished")
                return
