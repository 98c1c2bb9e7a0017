"""A running graph, served to viewers that speak Foxglove's protocol.

It is a ROS node of its own beside the graph, which it knows by what everybody on the domain sees.
So it serves all processes of a graph, whatever its placement, also one that was started by others,
and nothing that a viewer does or fails to do holds up a process of the graph or its supervisor.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

import foxglove
from foxglove.websocket import Capability
from rcl_interfaces.msg import ParameterEvent
from rclpy.node import Node
from rclpy.qos import qos_profile_parameter_events

from dnne_ros.foxglove.connections import Connections, connections
from dnne_ros.foxglove.front_door import FrontDoor, hidden_host
from dnne_ros.foxglove.listener import Listener
from dnne_ros.foxglove.parameters import NodeParameters
from dnne_ros.foxglove.topics import Topics
from dnne_ros.runtime.ros_context import missing_security_told

if TYPE_CHECKING:
    from rclpy.context import Context

    from dnne_ros.foxglove.address import Address

_LOOK_SECONDS = 0.5
"""Between looks at what has come and gone."""
_BACKLOG = 100
"""How many messages are kept for a viewer that is slow; the oldest go first."""


class Bridge:
    """Serves one graph, or all that can be seen."""

    def __init__(self, context: Context, graph: str, origins: Collection[str]):
        """Serve ``graph``, a namespace ('': everything), to programs and pages of ``origins``."""
        # A viewer is told what it does wrong. Here it could fill the terminal, or a disk.
        logging.getLogger("foxglove.websocket").setLevel(logging.CRITICAL)
        with missing_security_told():
            self.node = Node(f"_dnne_ros_foxglove_{os.getpid()}", context=context,
                             enable_rosout=False, start_parameter_services=False)
        self._graph = graph
        self._channels = foxglove.Context()
        self.topics = Topics(self.node, graph, self._channels)
        self._parameters = NodeParameters(self.node, graph, self._refuse)
        self._connections: Connections | None = None
        """What was said last; None: nobody wants to know."""
        self._listener = Listener(asyncio.get_running_loop(), self)
        try:
            self._server = foxglove.start_server(
                name=graph or "dnne_ros", host=(host := hidden_host()), port=0,
                capabilities=[Capability.Parameters, Capability.ConnectionGraph],
                supported_encodings=["cdr"], server_listener=self._listener,
                context=self._channels, message_backlog_size=_BACKLOG)
        except RuntimeError:
            self.node.destroy_node()
            raise
        self.door = FrontDoor((host, self._server.port), origins)
        self.node.create_subscription(ParameterEvent, "/parameter_events", self._tell_changes,
                                      qos_profile_parameter_events)

    async def serve(self, ended: asyncio.Event) -> None:
        """Follow the graph until ``ended``."""
        while not ended.is_set():
            self.topics.look()
            self._show_connections()
            try:
                await asyncio.wait_for(ended.wait(), _LOOK_SECONDS)
            except asyncio.TimeoutError:
                continue

    async def close(self) -> None:
        """Tell viewers good-bye, and leave the ROS graph."""
        self._listener.close()
        await self.door.close()
        # Its threads may be in our hands, so they are not waited for in this one.
        await asyncio.get_running_loop().run_in_executor(None, self._server.stop)
        self.topics.close()
        self._parameters.close()
        self.node.destroy_node()

    def subscribe(self, topic: str, viewer: int) -> None:
        """Begin with a topic for a viewer."""
        self.topics.subscribe(topic, viewer)

    def unsubscribe(self, topic: str, viewer: int) -> None:
        """End it, as the viewer or its connection has."""
        self.topics.unsubscribe(topic, viewer)

    async def read(self, names: Sequence[str]) -> list[foxglove.Parameter]:
        """Return parameters, or all."""
        return await self._parameters.read(names)

    async def write(self, wanted: Sequence[foxglove.Parameter]) -> list[foxglove.Parameter]:
        """Set parameters, and return them as they are then."""
        return await self._parameters.write(wanted)

    def show_connections(self, wanted: bool) -> None:
        """Begin or end to say who is connected with whom."""
        self._connections = Connections() if wanted else None
        self._show_connections()

    def _show_connections(self) -> None:
        if self._connections is None:
            return
        found = connections(self.node, self.topics.names, self._graph)
        if found != self._connections:
            self._connections = found
            self._server.publish_connection_graph(found.encode())

    def _refuse(self, reason: str) -> None:
        self._server.publish_status(reason, foxglove.StatusLevel.Warning)

    def _tell_changes(self, event: ParameterEvent) -> None:
        if changed := self._parameters.changed(event):
            self._server.publish_parameter_values(changed)


async def serve(context: Context, executor: Any, graph: str, address: Address,
                ended: asyncio.Event, on_listening: Callable[[int], object],
                origins: Collection[str] = ()) -> None:
    """Serve ``graph`` at ``address`` until ``ended``; `InputError` if it is taken.

    ``executor``: that of the running `RosEventLoop`.  ``on_listening`` is given the port.
    ``origins``: web sites with viewers, beside Foxglove's and this machine's.
    """
    with address.bind("dnne-ros foxglove") as bound:
        bridge = Bridge(context, graph, origins)
        executor.add_node(bridge.node)
        try:
            await bridge.door.open(bound)
            on_listening(bound.getsockname()[1])
            await bridge.serve(ended)
        finally:
            executor.remove_node(bridge.node)
            await bridge.close()
