"""Which part a process has in a managed graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from dnne_ros.runtime.coordination.ros_bus import RosBus
from dnne_ros.runtime.lifecycle.crew import Crew
from dnne_ros.runtime.lifecycle.crew_channel import hidden_node, repeat
from dnne_ros.runtime.lifecycle.following_process import FollowingProcess
from dnne_ros.runtime.lifecycle.managed_node import NAME, ManagedNode
from dnne_ros.runtime.lifecycle.managed_process import ManagedProcess
from dnne_ros.runtime.lifecycle.process_life import Make, ProcessLife
from dnne_ros.runtime.lifecycle.transitions import Wishes
from dnne_ros.runtime.ros_context import missing_security_told

if TYPE_CHECKING:
    from rclpy.context import Context
    from rclpy.node import Node as RosNode

    from dnne_ros.options.run_settings import RunSettings
    from dnne_ros.runtime.coordination.run_channel import ProcessGroup
    from dnne_ros.runtime.coordination.status import StatusChannel
    from dnne_ros.runtime.event_loop import RosEventLoop


Live = Callable[[], str]
"""Plays a part until the process is to leave, and returns the reason."""


@contextmanager
def managing(make: Make, name: str, namespace: str, group: ProcessGroup, settings: RunSettings,
             key: bytes, loop: RosEventLoop, context: Context, status: StatusChannel
             ) -> Iterator[tuple[list[RosNode], Live]]:
    """Give the ROS nodes of a process' part, and what plays it.

    It is what ``make`` gives as often as a manager says.  The leader of ``group`` has the managed
    node, which is called ``name`` if that is not empty, and the others follow it.
    """
    life = ProcessLife(make, loop)
    nodes: list[RosNode] = []
    with ExitStack() as ending:
        if group.leads:
            wishes = Wishes(loop)
            with missing_security_told():
                managed = ManagedNode(name or NAME, namespace, context, wishes.make)
            ending.callback(managed.destroy_node)
            nodes.append(managed)
        if group.others or not group.leads:
            with missing_security_told():
                nodes.append(ending.enter_context(
                    hidden_node(group.process, namespace, loop, context)))
        bus = RosBus(nodes[-1], key)
        if group.leads:
            crew = Crew(bus, group, settings, status)
            if group.others:
                repeat(nodes[-1], crew.tell)
            process = ManagedProcess(managed, wishes, life, crew, loop, status)
            yield nodes, partial(process.live, context)
        else:
            following = FollowingProcess(life, bus, group, loop, status)
            repeat(nodes[-1], following.tell)
            yield nodes, following.live
