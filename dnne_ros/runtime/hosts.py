"""A run on several machines: its processes meet before any of them begins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import rclpy

from dnne_ros import __version__
from dnne_ros.errors import PeerError
from dnne_ros.graph.graph import Graph
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.placement.fingerprint import fingerprint
from dnne_ros.placement.placement import Placement
from dnne_ros.placement.restarts import followed_inputs, obstacles
from dnne_ros.runtime.coordination.host_card import HostCard
from dnne_ros.runtime.coordination.host_meeting import HostMeeting
from dnne_ros.runtime.coordination.meeting_place import MeetingPlace
from dnne_ros.runtime.coordination.run_channel import ProcessGroup
from dnne_ros.runtime.coordination.run_control import FAILED, RunControl
from dnne_ros.runtime.coordination.stops import SUPERVISOR_GONE
from dnne_ros.runtime.discovery import forget_peers
from dnne_ros.runtime.event_loop import RosEventLoop
from dnne_ros.transport.identity import new_identity
from dnne_ros.transport.lasting_memory import is_remembered, memory_name

_EQUAL = ("seed", "inference", "new_episodes", "until_return", "max_updates", "max_env_steps",
          "epochs", "respawn")
"""The options that all hosts must be given alike."""


def returning_hosts(graph: Graph, placement: Placement) -> list[str]:
    """Return the hosts whose processes can all be started again without a loss."""
    return [host for host, processes in placement.hosts.items()
            if not any(obstacles(graph, placement, process) for process in processes)]


def check_end(placement: Placement, host: str | None, control: RunControl) -> None:
    """Raise `PeerError` if the run is over on ``host`` as it has failed on another one."""
    there = placement.host_of(control.ended_by)
    if host is None or there in ("", host):
        return
    if control.reason == FAILED:
        raise PeerError(f"host {there}: the run has failed there, which its own output explains")
    if control.reason == SUPERVISOR_GONE:
        raise PeerError(f"host {there}: the command that ran it has been killed")


def _may_join(graph: Graph, placement: Placement, process: str, memory: str) -> bool:
    """Tell whether ``process`` can take another's place in a run that has begun.

    Of rounds, those before it must have left a word in ``memory`` on this machine: else nobody
    knows where to go on.
    """
    return not obstacles(graph, placement, process) and all(
        is_remembered(memory_name(memory), graph.nodes[node].ros_name)
        for node in placement.processes[process] if followed_inputs(graph, placement, node))


@contextmanager
def open_meeting(context: rclpy.Context, loop: RosEventLoop, graph: Graph, placement: Placement,
                 group: ProcessGroup, settings: RunSettings, key: bytes
                 ) -> Iterator[tuple[HostMeeting, MeetingPlace]]:
    """Give what the process of ``group`` knows of the other hosts, and where it meets them.

    ``settings`` name this host and a number for the run, should this process be asked for one.
    """
    assert settings.host is not None
    card = HostCard(settings.host, group.process, new_identity(), __version__, {
        **fingerprint(graph, placement),
        **{f"--{name.replace('_', '-')}": str(getattr(settings, name)) for name in _EQUAL}})
    meeting = HostMeeting(
        card, placement.hosts, group.leader, settings.run_id,
        settings.respawn and _may_join(graph, placement, group.process, settings.run_id))
    nodes_of = {host: ", ".join(graph.nodes[node].ros_name for process in processes
                                for node in placement.processes[process])
                for host, processes in placement.hosts.items()}
    place = MeetingPlace(context, loop, graph.namespace, key, meeting, nodes_of,
                         group.process == placement.hosts[settings.host][0])
    forget_peers(os.environ)
    try:
        yield meeting, place
    finally:
        place.close()
