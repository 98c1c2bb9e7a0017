"""What runs in the ROS domain, heard by one hidden node in the event loop's thread.

Everything is kept here, in bounded memories, and numbered or timed: a page that is loaded again
asks for all that came since the beginning, and one that is slow misses nothing but time.  A part
of the server may use it directly::

    feed.graphs()                 views of all graphs, as `graph_view` makes them
    feed.full_names()             the ROS names of their nodes
    feed.on_news.append(callback) called in the loop when anything may be new, 2 times a second
                                  or so, and for each picture
    feed.parameters, feed.debugged, feed.images, feed.logs, feed.curves

Pages get the same over the WebSocket of `dnne_ros.web.feed.part`.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web
from rclpy.node import Node

from dnne_ros.debugger.client import GraphClient, own_name
from dnne_ros.runtime.monitoring.diagnostics import TOPIC
from dnne_ros.runtime.ros_context import missing_security_told
from dnne_ros.top.state import TopState
from dnne_ros.web.feed.curves import Curves, curves_among
from dnne_ros.web.feed.foreign_diagnostics import ForeignDiagnostics
from dnne_ros.web.feed.graph_view import graph_view
from dnne_ros.web.feed.images import IMAGE_TYPES, Images
from dnne_ros.web.feed.logs import LogLines
from dnne_ros.web.feed.parameters import ParameterChanges, Parameters

if TYPE_CHECKING:
    from rclpy.context import Context

    from dnne_ros.runtime.event_loop import RosEventLoop

_TICK_SECONDS = 0.5
_TOPICS_SECONDS = 2.0
_DEPTH = 100
_LOG_DEPTH = 1000


class Feed:
    """Hears graphs, logs, numbers, pictures and parameters; made and used in the loop's thread."""

    def __init__(self, context: Context, loop: RosEventLoop):
        """Listen in the ROS domain of ``context``, served by ``loop``; `close` ends it."""
        self._loop = loop
        with missing_security_told():
            self._node = Node(f"_dnne_ros_web_{os.getpid()}", context=context,
                              enable_rosout=False, start_parameter_services=False)
        self.domain = context.get_domain_id()
        self.state = TopState()
        self.foreign = ForeignDiagnostics()
        self.logs = LogLines()
        self.curves = Curves()
        self.images = Images(self._node, self.tell)
        self.parameters = Parameters(self._node)
        self.debugged = GraphClient(self._node, own_name("a page in a browser"))
        self.changes = ParameterChanges()
        self.image_topics: dict[str, str] = {}
        self.on_news: list[Callable[[], None]] = []
        self.heard = 0
        """How many messages about graphs there were: another number means other figures."""
        self._numbers: dict[str, Any] = {}
        self._subscribe()
        loop.executor.add_node(self._node)

    def _subscribe(self) -> None:
        from diagnostic_msgs.msg import DiagnosticArray
        from rcl_interfaces.msg import Log, ParameterEvent
        from rclpy.qos import DurabilityPolicy, QoSProfile

        lasting = QoSProfile(depth=_LOG_DEPTH, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        node = self._node
        node.create_subscription(DiagnosticArray, TOPIC, self._note_diagnostics, _DEPTH)
        node.create_subscription(Log, "/rosout", self.logs.note, lasting)
        node.create_subscription(ParameterEvent, "/parameter_events", self.changes.note, _DEPTH)

    def _note_diagnostics(self, array: Any) -> None:
        now = time.monotonic()
        self.heard += 1
        self.state.note(array, now)
        self.foreign.note(array, now)

    def graphs(self) -> list[dict[str, Any]]:
        """Return views of all graphs, by namespace."""
        now = time.monotonic()
        return [graph_view(graph, now) for _, graph in sorted(self.state.graphs.items())]

    def full_names(self) -> set[str]:
        """Return the ROS names of all nodes of graphs."""
        return {f"{namespace}/{name}" for namespace, graph in self.state.graphs.items()
                for name in graph.nodes}

    def tell(self) -> None:
        """Call those that wait for news."""
        for callback in self.on_news:
            callback()

    async def run(self) -> None:
        """Look for topics, forget what is gone and tell of news, until cancelled."""
        look = 0.0
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = time.monotonic()
            self.state.forget(now)
            if now >= look:
                look = now + _TOPICS_SECONDS
                self._look_for_topics()
            self.tell()

    def _look_for_topics(self) -> None:
        namespaces = set(self.state.graphs)
        topics = {name: types[0] for name, types in self._node.get_topic_names_and_types()}
        self.image_topics = {name: type for name, type in topics.items() if type in IMAGE_TYPES}
        curves = curves_among({name: type for name, type in topics.items()
                               if any(name.startswith(f"{each}/") for each in namespaces)})
        for topic in self._numbers.keys() - curves.keys():
            self._node.destroy_subscription(self._numbers.pop(topic))
        for topic in curves.keys() - self._numbers.keys():
            self._numbers[topic] = self._follow(topic, curves[topic])
        self.curves.forget(namespaces)

    def _follow(self, topic: str, type: str) -> Any:
        from rclpy.qos import QoSProfile, ReliabilityPolicy

        from dnne_ros.messages.message_types import message_class

        def note(topic: str, message: Any) -> None:
            self.curves.note(topic, message.data, time.time())

        qos = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
        return self._node.create_subscription(message_class(type), topic, partial(note, topic),
                                              qos)

    def close(self) -> None:
        """Leave the ROS graph."""
        self.images.close()
        self.debugged.close()
        self._loop.executor.remove_node(self._node)
        self._node.destroy_node()

    async def life(self, application: web.Application) -> AsyncIterator[None]:
        """Live as long as an application does: its cleanup context."""
        running = asyncio.create_task(self.run())
        yield
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        self.close()
