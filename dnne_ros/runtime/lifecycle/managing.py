"""Which part a process has in a managed graph."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from dnne_ros.runtime.coordination.ros_bus import RosBus
from dnne_ros.runtime.lifecycle.crew import Crew
from dnne_ros.runtime.lifecycle.crew_channel import hidden_node, repeat
from dnne_ros.runtime.lifecycle.following_process import FollowingProcess
from dnne_ros.runtime.lifecycle.managed_node import NAME, ManagedNode
from dnne_ros.runtime.lifecycle.managed_process import ManagedProcess
from dnne_ros.runtime.lifecycle.process_life import Make, ProcessLife
from dnne_ros.runtime.lifecycle.transitions import Wishes

if TYPE_CHECKING:
    from rclpy.context import Context
    from rclpy.node import Node as RosNode

    from dnne_ros.options.run_settings import RunSettings
    from dnne_ros.runtime.coordination.run_channel import ProcessGroup
    from dnne_ros.runtime.coordination.status import StatusChannel
    from dnne_ros.runtime.event_loop import RosEventLoop


def be_managed(make: Make, name: str, namespace: str, group: ProcessGroup, settings: RunSettings,
               key: bytes, loop: RosEventLoop, context: Context, status: StatusChannel) -> str:
    """Be what ``make`` gives as often as a manager says, until the process is to leave.

    The leader of ``group`` has the managed node, which is called ``name`` if that is not empty,
    and the others follow it.  Returns the reason of the end.
    """
    life = ProcessLife(make, loop)
    with ExitStack() as ending:
        speaker: RosNode
        if not group.leads:
            speaker = ending.enter_context(hidden_node(group.process, namespace, loop, context))
            following = FollowingProcess(life, RosBus(speaker, key), group, loop, status)
            repeat(speaker, following.tell)
            return following.live()
        wishes = Wishes(loop)
        node = ManagedNode(name or NAME, namespace, context, wishes.make)
        speaker = node if not group.others else ending.enter_context(
            hidden_node(group.process, namespace, loop, context))
        crew = Crew(RosBus(speaker, key), group, settings, status)
        if group.others:
            repeat(speaker, crew.tell)
        return ManagedProcess(node, wishes, life, crew, loop, status).live(context)
