"""Runs the nodes of one process of a placement, from start-up to a clean end.

In phases, each of which needs what the one before has made: ROS and the event loop; hosts, and the
graph as remapping rules leave it; edges and the word with the other processes; the nodes, loaded;
the run; and the end, in the opposite order.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import rclpy
from rclpy.node import Node as RosNode

from dnne_ros.checkpoints.checkpoint_store import CheckpointStore
from dnne_ros.errors import DnneError, Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.placement.leading import leading_process
from dnne_ros.placement.placement import Placement
from dnne_ros.runtime.coordination.host_meeting import HostMeeting
from dnne_ros.runtime.coordination.meeting_place import MeetingPlace
from dnne_ros.runtime.coordination.name_claims import NameClaims
from dnne_ros.runtime.coordination.pause import Pause
from dnne_ros.runtime.coordination.peers import Peers
from dnne_ros.runtime.coordination.ros_bus import RosBus
from dnne_ros.runtime.coordination.run_channel import ProcessGroup
from dnne_ros.runtime.coordination.run_control import RunControl
from dnne_ros.runtime.coordination.status import StatusChannel
from dnne_ros.runtime.coordination.stops import heed_stops
from dnne_ros.runtime.coordination.unawaited import Unawaited
from dnne_ros.runtime.debugging.debug_service import DebugService
from dnne_ros.runtime.debugging.graph_places import places_of
from dnne_ros.runtime.debugging.stops import Stops
from dnne_ros.runtime.discovery import RANGE
from dnne_ros.runtime.edges.rewiring import rewire
from dnne_ros.runtime.edges.wiring import Wiring, wire
from dnne_ros.runtime.event_loop import RosEventLoop
from dnne_ros.runtime.hosts import check_end, open_meeting, returning_hosts
from dnne_ros.runtime.monitoring.alive_file import keep_alive_file
from dnne_ros.runtime.monitoring.diagnostics import Diagnostics
from dnne_ros.runtime.node.context import HostContext
from dnne_ros.runtime.node.hidden_node import hidden_node
from dnne_ros.runtime.node.node_host import NodeHost, twins_of
from dnne_ros.runtime.node.pausing import shared_pause
from dnne_ros.runtime.node.ros_actions import HostActions
from dnne_ros.runtime.node.ros_frames import HostFrames, ProcessFrames
from dnne_ros.runtime.node.ros_services import HostServices
from dnne_ros.runtime.node.ros_topics import HostTopics
from dnne_ros.runtime.priorities import Priorities
from dnne_ros.runtime.process_nodes import ProcessNodes
from dnne_ros.runtime.process_observers import ProcessObservers
from dnne_ros.runtime.process_run import ProcessParts, ProcessRun
from dnne_ros.runtime.regions.regions import OFF, Regions
from dnne_ros.runtime.replicas.replicating import replica_processes
from dnne_ros.runtime.ros_context import missing_security_told, start_ros, why_no_log_files
from dnne_ros.runtime.saved_states import SavedStates

if TYPE_CHECKING:
    from dnne_ros.runtime.monitoring.process_recording import ProcessRecording
    from dnne_ros.runtime.replicas.process_replica import ReplicaProcesses


class GraphProcess:
    """The nodes of one process, their rclpy context and their event loop."""

    def __init__(self, graph: Graph, placement: Placement, name: str, settings: RunSettings,
                 status: StatusChannel, key: bytes = b""):
        """Prepare to run process ``name`` of ``placement``; nothing is started yet.

        ``key`` is what the processes of the run know each other by.
        """
        self._key = key
        self._graph = graph
        self._placement = placement
        self._settings = settings
        self._memory = settings.run_id
        self._meeting: HostMeeting | None = None
        self._status = status
        self._stops = Unawaited()
        self._control: RunControl | None = None
        self._replicas: ReplicaProcesses | None = None
        self._group = _process_group(graph, placement, name, settings.run_id)

    def run(self, ros_args: Sequence[str] = (), managed_name: str = "") -> int:
        """Run until the graph ends and return the exit code.

        ``ros_args`` are ROS command-line arguments (remapping, parameters), ``managed_name`` what
        a managed node is to be called instead of ``lifecycle``.  Raises
        `InputError` before any node runs if the input does not fit, and `DnneError` if a node
        or peer fails, or if nobody else could be told that there is no checkpoint.
        """
        if self._group.leads and (reason := why_no_log_files()):
            self._status.send("warning", message=f"ROS writes no log files: {reason}")
        with ExitStack() as ending:
            self._replicas = replica_processes(
                self._graph, self._placement.processes[self._group.process])
            if self._replicas is not None:
                ending.callback(self._replicas.close)
            context, loop = ending.enter_context(ros_event_loop(ros_args))
            keep_alive_file(loop, lambda text: self._status.send("warning", message=text))
            if self._settings.lifecycle:
                return self._be_managed(context, loop, managed_name)
            if self._settings.host is not None:
                self._meeting, place = ending.enter_context(open_meeting(
                    context, loop, self._graph, self._placement, self._group, self._settings,
                    self._key))
                if not self._meet(loop, place):
                    self._status.send("finished", reason=place.stopped)
                    return 0
            parts = self._make(context, loop, ending)
            run = ProcessRun(parts, loop)
            heed_stops(loop, self._status, run.stop)
            loop.run_until_complete(run.live(self._note_start))
            check_end(self._placement, self._settings.host, parts.control)
            self._status.send("finished", reason=parts.control.reason)
        unsaved = parts.control.unsaved
        if unsaved and self._status.file_descriptor is None:
            raise DnneError(unsaved)
        return 1 if unsaved else 0

    def _meet(self, loop: RosEventLoop, place: MeetingPlace) -> bool:
        """Wait for the other hosts, and take part in their run; False if the user ends it."""
        heed_stops(loop, self._status, place.stop)
        run_id = loop.run_until_complete(place.meet(self._settings.wait))
        self._settings = replace(self._settings, run_id=run_id)
        self._group = replace(self._group, run_id=run_id)
        # What was sealed in an earlier run with the same key means nothing in this one.
        self._key = hashlib.blake2b(run_id.encode(), key=self._key).digest()
        return bool(run_id)

    def _note_start(self) -> None:
        if self._meeting is not None:
            self._meeting.begin()

    def _be_managed(self, context: rclpy.Context, loop: RosEventLoop, name: str) -> int:
        """Be made, run and taken apart again as others say by the lifecycle services."""
        from dnne_ros.runtime.lifecycle.managing import managing

        def make(ending: ExitStack, generation: int) -> ProcessParts:
            run_id = f"{self._settings.run_id}.{generation}"
            settings = replace(self._settings, run_id=run_id, respawn=False)
            process = GraphProcess(self._graph, self._placement, self._group.process, settings,
                                   self._status, self._key)
            process._replicas = self._replicas
            return process._make(context, loop, ending)

        with managing(make, name, self._graph.namespace, self._group, self._settings, self._key,
                      loop, context, self._status) as (_, live):
            reason = live()
        self._status.send("finished", reason=reason)
        return 0

    def _make(self, context: rclpy.Context, loop: RosEventLoop, ending: ExitStack
              ) -> ProcessParts:
        """Make everything and load what was saved; ``ending`` takes it apart again."""
        problems = Problems(self._graph.path)
        graph, hosts, values = self._make_hosts(context, problems, ending)
        watch = self._observers(ending)
        recording = watch.record(graph, hosts, values, loop, self._end_unrecorded)
        nodes = self._nodes(graph, hosts)
        speaker = self._make_speaker(_first(hosts), ending)
        pause = shared_pause(self._group.process, hosts, self._settings.paused)
        places = places_of(graph)
        stops = Stops(pause, places, bool(graph.acting))
        wiring, control, peers = self._connect(
            graph, hosts, speaker, nodes, loop, pause, recording, ending)
        self._control = control
        telemetry = watch.export(speaker)
        metrics = watch.count(graph, speaker, wiring, pause, telemetry, self._key)
        priorities = Priorities(graph.nodes[id] for id in hosts)
        regions = Regions(graph, not (self._settings.no_compile or os.environ.get(OFF)),
                          priorities)
        frames = ProcessFrames()
        ending.callback(frames.close)

        def make_context(host: NodeHost) -> HostContext:
            topics = HostTopics(host, loop.ros.looking_out)
            made = HostContext(host, graph, wiring, self._settings, control, topics,
                               HostServices(host), HostActions(host),
                               HostFrames(host, topics, frames), pause, stops, regions,
                               peers.still_making)
            if recording is not None:
                made.record(recording.of_node(made.node_id))
            return made

        nodes.create(values, make_context, problems)
        nodes.load(problems)
        problems.raise_if_any()
        for node in {speaker, *hosts.values()}:
            loop.executor.add_node(node)
            ending.callback(loop.executor.remove_node, node)
        watch.trace(graph, wiring, hosts, nodes.contexts, telemetry)
        flight = watch.keep_flight(graph, wiring, hosts, nodes.contexts, loop,
                                   self._memory or str(os.getpid()))
        DebugService(
            _first(hosts), self._group.process, list(self._placement.processes), pause, stops,
            places, any(node.type.announces_boundaries for node in graph.nodes.values()))
        diagnostics = Diagnostics(
            _first(hosts), self._group.process, len(self._placement.processes), graph, wiring,
            nodes.contexts, pause, None if metrics is None else metrics.note)
        return ProcessParts(graph, self._placement, self._settings, self._group, self._status,
                            hosts, wiring, control, peers, pause, nodes, diagnostics, priorities,
                            flight, self._replicas)

    def _end_unrecorded(self) -> None:
        if self._control is not None:
            self._stops.start(self._control.stop("unrecorded"))

    def _observers(self, ending: ExitStack) -> ProcessObservers:
        """Return what makes those who look at the nodes."""
        return ProcessObservers(self._group, self._settings, self._status, ending)

    def _nodes(self, graph: Graph, hosts: Mapping[str, NodeHost]) -> ProcessNodes:
        """Return what makes the nodes of ``hosts``."""
        return ProcessNodes(graph, hosts, SavedStates(graph, self._settings))

    def _make_hosts(self, context: rclpy.Context, problems: Problems, ending: ExitStack
                    ) -> tuple[Graph, dict[str, NodeHost], dict[str, dict[str, Any]]]:
        """Return the graph as remapping rules leave it, and the host and values of each node."""
        hosts = {}
        for node_id in self._placement.processes[self._group.process]:
            with missing_security_told():
                host = NodeHost(self._graph, self._graph.nodes[node_id], context,
                                fleeting=self._settings.lifecycle)
            hosts[node_id] = host
            ending.callback(host.destroy_node)
        graph = rewire(self._graph, _first(hosts), problems)
        traced = self._settings.trace is not None
        values = {id: host.declare(problems, traced) for id, host in hosts.items()}
        problems.raise_if_any()
        return graph, hosts, values

    def _make_speaker(self, host: NodeHost, ending: ExitStack) -> RosNode:
        """Return whose the topics between processes are; alone, a process has none."""
        if not self._group.others:
            return host
        speaker = hidden_node(host, self._graph.namespace)
        ending.callback(speaker.destroy_node)
        return speaker

    def _connect(self, graph: Graph, hosts: dict[str, NodeHost], speaker: RosNode,
                 nodes: ProcessNodes, loop: RosEventLoop, pause: Pause,
                 recording: ProcessRecording | None, ending: ExitStack
                 ) -> tuple[Wiring, RunControl, Peers]:
        """Make the edges, and what the processes agree on with each other."""
        settings, processes = self._settings, self._placement.processes
        if self._group.leads and settings.save_checkpoint_dir is not None:
            store = CheckpointStore(settings.save_checkpoint_dir)
            store.prepare()
            store.lock()
            ending.callback(store.unlock)
        bus = RosBus(speaker, self._key)
        control = RunControl(
            self._group, settings, self._status, bus, nodes,
            {id: node.type.state_type() for id, node in graph.nodes.items()
             if node.type.keeps_state()},
            sum(node.type.announces_boundaries for node in graph.nodes.values()))
        wiring = wire(graph, self._placement, hosts, speaker, loop.ros, settings.run_id,
                      self._key, settings.respawn, self._memory, settings.host is not None,
                      recording)
        ending.callback(wiring.close)
        ending.callback(end_tasks, loop)  # before what they use goes
        peers = Peers(
            self._group, bus, wiring, settings, self._status, control.ended,
            {name: ", ".join(graph.nodes[node].ros_name for node in ids)
             for name, ids in processes.items()},
            _look_for_twins(list(hosts.values()), ending),
            hosts={host: names for host, names in self._placement.hosts.items()
                   if settings.host not in (None, host)},
            returning=returning_hosts(graph, self._placement) if settings.respawn else (),
            pause=pause)
        return wiring, control, peers


def _look_for_twins(hosts: Sequence[NodeHost], ending: ExitStack) -> Callable[[], list[str]]:
    """Return what names those of our nodes whose full name another running node has, too."""
    names = [host.get_fully_qualified_name() for host in hosts]
    may_meet = os.environ.get(RANGE) != "OFF"
    claims = NameClaims(names if may_meet else (), hosts[0].context.get_domain_id())
    ending.callback(claims.close)

    def twins() -> list[str]:
        found = {*claims.held_by_others(), *twins_of(hosts)}
        return [name for name in names if name in found]

    return twins


def _process_group(graph: Graph, placement: Placement, name: str, run_id: str) -> ProcessGroup:
    """Return who takes part."""
    others = tuple(process for process in placement.processes if process != name)
    return ProcessGroup(name, others, leading_process(graph, placement), run_id)


@contextmanager
def ros_event_loop(ros_args: Sequence[str]) -> Iterator[tuple[rclpy.Context, RosEventLoop]]:
    """Give an rclpy context and the loop that serves it, and shut both down."""
    context = start_ros(ros_args)
    loop = RosEventLoop(context)
    asyncio.set_event_loop(loop)
    try:
        yield context, loop
    finally:
        loop.executor.shutdown()
        loop.close()
        context.try_shutdown()


def end_tasks(loop: RosEventLoop) -> None:
    """Cancel what is left to do, and let it end."""
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))


def _first(hosts: Mapping[str, NodeHost]) -> NodeHost:
    """Return the host that speaks for the process."""
    return next(iter(hosts.values()))
