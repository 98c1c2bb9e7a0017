"""Runs a graph on a bag: its messages come to the nodes that listen to their topics.

All of it is in memory and in the time of the bag.  As fast as it can, each message is worked off
before the next comes, so nothing is lost and the same comes of it each time.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rclpy.serialization import deserialize_message

from dnne_ros.errors import FOREIGN_ERRORS, DnneError, NodeError, Problems, describe
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.clock import SteadyClock
from dnne_ros.node_api.node import Node
from dnne_ros.replaying.bag import Bag
from dnne_ros.replaying.context import FreeContext, MuteTopics, RunFacts
from dnne_ros.replaying.recorded_loop import RecordedLoop
from dnne_ros.runtime.edges.input_port import HeldInput
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.item_source import ItemSource
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import DEFAULT_CAPACITY
from dnne_ros.workflow.records import PortRef

_SETTLE_SECONDS = 1.0
"""How long the graph has behind the last message."""
_SECOND = 1_000_000_000
Listeners = defaultdict[str, list[Callable[[bytes], None]]]
"""By topic, what each message is given to."""


class BagTopics(MuteTopics):
    """Topics of a node, on which a bag speaks."""

    def __init__(self, full_name: Callable[[str], str], listeners: Listeners,
                 types: dict[str, str], now_ns: Callable[[], int]):
        """Add to ``listeners``, and note the ``types`` that they expect, by topic."""
        super().__init__()
        self._full_name = full_name
        self._listeners = listeners
        self._types = types
        self._now_ns = now_ns

    def subscribe(self, topic: str, message_type: str, qos: str,
                  on_message: Callable[..., None], raw: bool = False, timed: bool = False,
                  urgent: bool = False) -> None:
        """Call ``on_message`` for each message of the bag."""
        def receive(data: bytes) -> None:
            message = data if raw else self.deserialize(data, message_type)
            on_message(message, *([self._now_ns() / _SECOND] if timed else []))

        name = self._full_name(topic)
        self._types[name] = message_type
        self._listeners[name].append(receive)

    def deserialize(self, data: bytes, message_type: str) -> Any:
        """Return the message in serialised bytes; ValueError if they are none."""
        try:
            return deserialize_message(data, self.message_class(message_type))
        except Exception as error:  # rclpy has no type of its own for it
            raise ValueError(f"no {message_type}: {error}") from None

    def now_ns(self) -> int:
        """Return the time of the bag."""
        return self._now_ns()


class _BagClock(SteadyClock):
    """Shows the time of the bag, in which the event loop waits."""

    simulated = True

    def __init__(self, now_ns: Callable[[], int]):
        """Show what ``now_ns`` says."""
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """Return the nanoseconds that messages of now are recorded at."""
        return self._now_ns()


class FreeRun:
    """A graph whose nodes hear a bag."""

    def __init__(self, graph: Graph, bag: Bag, path: str, loop: RecordedLoop,
                 say: Callable[[str], None], on_report: Callable[[Mapping[str, Any]], None],
                 until: float | None = None):
        """Make the nodes of ``graph``; `InputError` if the bag lacks what they listen to."""
        self.taken: dict[str, int] = {}
        """How many messages of each topic the graph was given."""
        self._graph = graph
        self._bag = bag
        self._loop = loop
        self._until = until
        self._listeners: Listeners = defaultdict(list)
        self._types: dict[str, str] = {}
        self._inputs: set[str] = set()
        self._run = RunFacts(f"/{graph.namespace}", 0, False, False, say, on_report)
        self._through: asyncio.Future[None] = loop.create_future()
        local = {graph.edge_name(edge): LocalEdge(
            graph.edge_name(edge), edge.policy, edge.capacity,
            graph.nodes[edge.target.node].type.inputs[edge.target.port].priority)
            for edge in graph.edges}
        self._nodes = {id: self._make(id, local) for id in graph.nodes}
        self._check_topics(path)
        loop.threads_work = lambda: any(node.blocking_calls_run for node in self._nodes.values())

    def run(self) -> None:
        """Run until the bag ends; `NodeError` if a node fails."""
        self._loop.run_until_complete(self._live())

    async def _live(self) -> None:
        tasks = [self._loop.create_task(self._run_node(id)) for id in self._nodes]
        speaking = self._loop.create_task(self._speak())
        try:
            pending: set[asyncio.Future[Any]] = {*tasks, speaking}
            while pending and not self._through.done():
                done, pending = await asyncio.wait({*pending, self._through},
                                                   return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                pending -= {self._through}
        finally:
            for task in (*tasks, speaking):
                task.cancel()
            await asyncio.gather(*tasks, speaking, return_exceptions=True)
            for node in self._nodes.values():
                await node.close()
                await node.end_blocking()

    async def _speak(self) -> None:
        """Give each message to who listens, when it was recorded."""
        for message in self._bag.messages(self._listeners):
            due = (message.time_ns - self._bag.begin_ns) / _SECOND
            if self._until is not None and due > self._until:
                break
            # Also one of the same time: the one before is to be worked off.
            await asyncio.sleep(max(due - self._loop.time(), 1e-9))
            for receive in self._listeners[message.topic]:
                receive(message.data)
            self.taken[message.topic] = self.taken.get(message.topic, 0) + 1
        await asyncio.sleep(_SETTLE_SECONDS)
        self._end()

    async def _run_node(self, id: str) -> None:
        try:
            await self._nodes[id].process()
        except DnneError:
            raise
        except FOREIGN_ERRORS as error:
            raise NodeError(self._nodes[id].context.name, describe(error)) from error

    def _end(self) -> None:
        if not self._through.done():
            self._through.set_result(None)

    def _now_ns(self) -> int:
        return self._bag.begin_ns + round(self._loop.time() * _SECOND)

    def _make(self, id: str, local: Mapping[str, LocalEdge]) -> Node:
        graph = self._graph
        record = graph.nodes[id]
        inputs: dict[str, ItemSource] = {}
        for port, edges in graph.incoming[id].items():
            edge = local[graph.edge_name(edges[0])]
            inputs[port] = HeldInput(edge) if record.type.inputs[port].type.held else edge
        for ref in graph.external:
            if ref.node == id:
                inputs[ref.port] = self._external(ref)
        outputs = {port: OutputPort(
            graph.output_types.get(PortRef(id, port)) or output.type,
            [local[graph.edge_name(edge)] for edge in graph.outgoing[id].get(port, ())],
            None, None, None) for port, output in record.type.outputs.items()}
        topics = BagTopics(lambda name: graph.full_name(record, name), self._listeners,
                           self._types, self._now_ns)
        node = record.type(record.values)
        node.context = FreeContext(graph, id, self._run, topics, outputs, inputs,
                                   _BagClock(self._now_ns), self._end)
        try:
            node.setup()
        except FOREIGN_ERRORS as error:
            if isinstance(error, DnneError):
                raise
            raise NodeError(record.ros_name, f"setup() failed: {describe(error)}") from error
        return node

    def _external(self, ref: PortRef) -> LocalEdge:
        """Return what brings messages of the bag to an input that listens itself."""
        graph = self._graph
        type = graph.external_type(ref)
        codec = codec_for(type.sent_as())
        edge = LocalEdge(graph.topic(ref), type.policy, DEFAULT_CAPACITY)
        name = f"/{graph.namespace}/{graph.topic(ref)}"
        self._types[name] = codec.message
        self._inputs.add(name)
        self._listeners[name].append(lambda data: edge.deliver(type.unpack(codec.decode(data))))
        return edge

    def _check_topics(self, path: str) -> None:
        problems = Problems(path)
        found = self._bag.topics
        for topic, expected in self._types.items():
            if topic not in found:
                # An input that listens may do without: others need not speak to it.
                if topic not in self._inputs or self._inputs == self._types.keys():
                    problems.add(f"expected the topic {topic} ({expected}), found "
                                 f"{_listed(found) or 'none'}")
            elif found[topic] != expected:
                problems.add(f"topic {topic}: expected {expected}, found {found[topic]}")
        if not self._types:
            problems.add("expected a graph with a node that listens to a topic, such as "
                         "RosSubscriberNode")
        problems.raise_if_any()


def _listed(topics: Mapping[str, str]) -> str:
    shown: Iterable[str] = (f"{name} ({type})" for name, type in sorted(topics.items()))
    return ", ".join(shown)
