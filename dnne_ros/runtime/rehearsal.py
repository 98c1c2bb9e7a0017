"""What the processes of a graph have in ROS: they are made as for a run, and rcl is asked.

A policy of least privilege names every topic and service of every node.  A list of these beside
the code that makes them would be wrong with the next change.  So that code makes them here, too,
while DDS reaches nobody, and nothing is started.  Nodes alone are not set up, which opens devices
and reads models: their types say which topics and services they use.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from rclpy.node import Node as RosNode

from dnne_ros.errors import InputError, Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.node import Node
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.placement.placement import Placement
from dnne_ros.runtime.coordination.pause import Pause
from dnne_ros.runtime.coordination.ros_bus import RosBus
from dnne_ros.runtime.coordination.status import StatusChannel
from dnne_ros.runtime.discovery import PROFILES, RANGE
from dnne_ros.runtime.edges.wiring import Wiring
from dnne_ros.runtime.hosts import open_meeting
from dnne_ros.runtime.monitoring.diagnostics import edge_ends
from dnne_ros.runtime.monitoring.run_metrics import RunMetrics
from dnne_ros.runtime.node.context import HostContext
from dnne_ros.runtime.node.node_host import NodeHost
from dnne_ros.runtime.process import GraphProcess, ros_event_loop
from dnne_ros.runtime.process_nodes import ProcessNodes
from dnne_ros.runtime.process_observers import ProcessObservers
from dnne_ros.runtime.saved_states import SavedStates
from dnne_ros.security.enclaves import Profile
from dnne_ros.security.environment import ENABLE
from dnne_ros.spans.telemetry import Telemetry

_FOR_NOBODY = {RANGE: "OFF"}
_NOT_FOR_US = (ENABLE, "ROS_STATIC_PEERS", *PROFILES)


def rehearse(graph: Graph, placement: Placement, settings: RunSettings,
             ros_args: Sequence[str] = ()) -> dict[str, list[Profile]]:
    """Return what the nodes of each process have with these ``ros_args``.

    Raises `InputError` for what a run would refuse, and for node types that do not say which
    topics they use.
    """
    with _alone():
        return {process: _Rehearsal(
                    graph, placement, process,
                    replace(settings, host=placement.host_of(process) or None),
                    StatusChannel(None)).names(ros_args)
                for process in placement.processes}


class _Rehearsal(GraphProcess):
    """A process that is made, and not run."""

    def names(self, ros_args: Sequence[str]) -> list[Profile]:
        """Return what its nodes have."""
        with ExitStack() as ending:
            context, loop = ending.enter_context(ros_event_loop(ros_args))
            nodes: list[Any] = []
            if self._settings.host is not None:
                _, place = ending.enter_context(open_meeting(
                    context, loop, self._graph, self._placement, self._group, self._settings,
                    self._key))
                nodes.append(place.node)
            parts = self._make(context, loop, ending)
            nodes += dict.fromkeys([*parts.hosts.values(), parts.wiring.speaker])
            if parts.settings.lifecycle:
                from dnne_ros.runtime.lifecycle.managing import managing

                part, _ = ending.enter_context(managing(
                    lambda ending, generation: parts, "", parts.graph.namespace, self._group,
                    parts.settings, self._key, loop, context, self._status))
                nodes += part
            return [_names_of(node) for node in nodes]

    def _observers(self, ending: ExitStack) -> ProcessObservers:
        return _AnnouncedObservers(self._group, self._settings, self._status, ending)

    def _nodes(self, graph: Graph, hosts: Mapping[str, NodeHost]) -> ProcessNodes:
        return _AnnouncedNodes(graph, hosts, SavedStates(graph, self._settings))


class _AnnouncedObservers(ProcessObservers):
    """Those that have topics, and do nothing."""

    def record(self, *given: Any) -> None:
        """Record nothing."""

    def keep_flight(self, *given: Any) -> None:
        """Keep nothing."""

    def export(self, speaker: RosNode) -> None:
        """Send nothing."""

    def count(self, graph: Graph, speaker: RosNode, wiring: Wiring, pause: Pause,
              telemetry: Telemetry | None, key: bytes) -> RunMetrics:
        """Make what --metrics needs, which any run may ask for; nothing is served."""
        return RunMetrics(self._group, RosBus(speaker, key), speaker.get_namespace(),
                          self._status, pause, edge_ends(graph, wiring))


class _AnnouncedNodes(ProcessNodes):
    """Nodes of which there is no more than their own topics and services."""

    def create(self, values: Mapping[str, Mapping[str, Any]],
               make_context: Callable[[NodeHost], HostContext], problems: Problems) -> None:
        """Make what each node says that it uses; what does not go well is in ``problems``."""
        for node_id, host in self._hosts.items():
            context = self.contexts[node_id] = make_context(host)
            try:
                _announce(host.graph_node.type, values[node_id], context)
            except InputError as error:
                self.add_problems(problems, node_id, error)

    def load(self, problems: Problems) -> None:
        """Load nothing."""


def _announce(type: type[Node], values: Mapping[str, Any], context: HostContext) -> None:
    if _is_silent(type) and type.message_types(values):
        raise InputError(f"ros_topics() of {type.__name__}", [
            "expected the topics that it uses, as message_types() says of what type they are"])
    for topic in type.ros_topics(values):
        if topic.under_sim_time and not context.clock.simulated:
            continue
        if topic.publishes:
            context.topics.advertise(topic.name, topic.type)
        else:
            context.topics.subscribe(topic.name, topic.type, "reliable", lambda _: None)
    for service in type.ros_services(values):
        if service.serves:
            context.services.serve(service.name, service.type, lambda request, answer: None)
        else:
            context.services.client(service.name, service.type)
    for action in type.ros_actions(values):
        if action.serves:
            context.actions.serve(action.name, action.type, lambda goal: None,
                                  lambda goal: False, 0.0)
        else:
            context.actions.client(action.name, action.type)


def _is_silent(type: type[Node]) -> bool:
    """Tell whether a type leaves open which topics it uses."""
    return type.ros_topics.__func__ is Node.ros_topics.__func__  # type: ignore[attr-defined]


def _names_of(node: Any) -> Profile:
    """Ask rcl, which knows a process' own nodes without any discovery."""
    who = node.get_name(), node.get_namespace()
    return Profile(
        who[1], who[0],
        _sorted(node.get_publisher_names_and_types_by_node(*who)),
        _sorted(node.get_subscriber_names_and_types_by_node(*who)),
        _sorted(node.get_service_names_and_types_by_node(*who)),
        _sorted(node.get_client_names_and_types_by_node(*who)))


def _sorted(names_and_types: Iterable[tuple[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted(name for name, _ in names_and_types))


@contextmanager
def _alone() -> Iterator[None]:
    """Let DDS reach nobody, and need no keys, in the meantime."""
    before = dict(os.environ)
    for name in _NOT_FOR_US:
        os.environ.pop(name, None)
    os.environ.update(_FOR_NOBODY)
    try:
        yield
    finally:
        for name in {*_NOT_FOR_US, *_FOR_NOBODY}:
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)
