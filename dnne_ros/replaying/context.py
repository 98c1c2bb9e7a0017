"""What nodes are given in the place of the run time, where there is no ROS around them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.checkpoint_trigger import CheckpointTrigger
from dnne_ros.node_api.clock import SteadyClock
from dnne_ros.node_api.health import Health
from dnne_ros.recording.node_log import Shows
from dnne_ros.replaying.feed import NodeFeed
from dnne_ros.testing.actions import InMemoryActions
from dnne_ros.testing.frames import InMemoryFrames
from dnne_ros.testing.own_coroutine import OwnCoroutine
from dnne_ros.testing.services import InMemoryServices
from dnne_ros.testing.topics import InMemoryTopics
from dnne_ros.transport.item_source import ItemSource


class Giving(Protocol):
    """What takes the items that a node sends."""

    async def send(self, value: Any) -> None:
        """Take an item; never returns behind the last one of a recording."""
        ...


class ReplayLog:
    """Tells what a node logs, beside its name."""

    def __init__(self, node: str, say: Callable[[str], None]):
        """Tell by ``say``."""
        self._node = node
        self._say = say

    def info(self, message: str) -> None:
        """Drop what was said in the recording already."""

    def warning(self, message: str) -> None:
        """Tell a warning."""
        self._say(f"{self._node}: {message}")

    error = warning


class _MutePublisher:
    """Sends to nobody: what a node said to a robot is not said again."""

    def publish(self, message: Any) -> None:
        """Drop a message."""

    def get_subscription_count(self) -> int:
        """Return 0."""
        return 0


class MuteTopics(InMemoryTopics):
    """Topics on which nothing is said."""

    def __init__(self) -> None:
        """Have nobody listen."""
        super().__init__()
        self.listeners = 0

    def advertise(self, topic: str, message_type: str, qos: str = "reliable") -> Any:
        """Return what sends to nobody."""
        return _MutePublisher()


@dataclass(frozen=True)
class Boundary:
    """A boundary at which nothing is saved; ``saves``: whether it was in the recording."""

    saves: bool

    async def reached(self) -> None:
        """Go on."""


@dataclass(frozen=True)
class RunFacts:
    """What holds for all nodes of a run."""

    namespace: str
    """With a slash before it."""
    seed: int
    inference: bool
    new_episodes: bool
    say: Callable[[str], None]
    on_report: Callable[[Mapping[str, Any]], None]


class ReplayClock:
    """Shows what the node was shown, and sleeps as long as it did."""

    simulated = True

    def __init__(self, feed: NodeFeed):
        """Show what ``feed`` says."""
        self._feed = feed
        self._shown = 0

    def now_ns(self) -> int:
        """Return what it showed when the node looked at it."""
        self._shown = self._feed.now_ns(Shows.RATE)
        return self._shown

    async def sleep_until(self, due_ns: int) -> None:
        """Wait from when it was looked at."""
        await self._feed.rest(max(0, due_ns - self._shown) * 1e-9)


class ReplaySteadyClock(SteadyClock):
    """Shows what the machine's showed, and lets the node rest as long as it did."""

    def __init__(self, feed: NodeFeed):
        """Show what ``feed`` says."""
        self._feed = feed

    def now_ns(self) -> int:
        """Return what it showed when the node looked at it."""
        return self._feed.now_ns(Shows.STEADY)

    async def sleep(self, seconds: float) -> None:
        """Wait as long as it did."""
        await self._feed.rest(max(0.0, seconds))

    async def came_within(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Wait as long as it did; tell whether the event is set."""
        await self._feed.rest(seconds, event)
        return event.is_set()


class ReplayTopics(MuteTopics):
    """Topics on which nothing is said, of a node whose time is that of a recording."""

    def __init__(self, feed: NodeFeed):
        """Show what ``feed`` says."""
        super().__init__()
        self._feed = feed

    def now_ns(self) -> int:
        """Return what it showed when the node looked at it."""
        return self._feed.now_ns(Shows.STAMP)


class _MemoryContext(OwnCoroutine):
    """The part of `dnne_ros.NodeContext` that asks nobody."""

    strict_runtime = False
    video = None

    def __init__(self, graph: Graph, node_id: str, run: RunFacts, topics: MuteTopics,
                 outputs: Mapping[str, Giving]):
        """Serve a node of ``graph``."""
        node = graph.nodes[node_id]
        self.name = f"{run.namespace.rstrip('/')}/{node.ros_name}"
        self.node_id = node_id
        self.title = node.title
        self.seed = run.seed
        self.inference = run.inference
        self.new_episodes = run.new_episodes
        self.paused = False
        self.log = ReplayLog(node.ros_name, run.say)
        self.health = Health()
        self.topics = topics
        self.services = InMemoryServices()
        self.actions = InMemoryActions()
        self.frames = InMemoryFrames()
        self.report = run.on_report
        self._graph = graph
        self._type = node.type
        self._outputs = outputs
        self._linked = {*graph.incoming[node_id], *graph.outgoing[node_id],
                        *(ref.port for ref in graph.external if ref.node == node_id)}

    def is_linked(self, port: str) -> bool:
        """Tell whether it is linked in the graph."""
        return port in self._linked

    def trainers(self, output: str) -> int:
        """Return how many consumers of a MODEL output train it."""
        return sum(self._graph.nodes[edge.target.node].type.inputs[edge.target.port].trains
                   for edge in self._graph.outgoing[self.node_id].get(output, ()))

    async def put(self, port: str, value: Any, timeout: float | None = None) -> None:
        """Give what the node sends to who takes it."""
        if port not in self._outputs:
            raise LookupError(f"{self._type.type_name} has no output {port!r}; it has "
                              f"{', '.join(self._outputs) or 'none'}")
        await self._outputs[port].send(value)

    def delivered(self, port: str) -> int:
        """Return 0: nodes begin at the beginning."""
        return 0

    def save_when(self, trigger: CheckpointTrigger) -> None:
        """Save nothing."""

    def still_setting_up(self) -> None:
        """Go on: nobody waits."""


class ReplayContext(_MemoryContext):
    """Implements `dnne_ros.NodeContext` on what a node took in a recording."""

    def __init__(self, graph: Graph, node_id: str, run: RunFacts, outputs: Mapping[str, Giving],
                 feed: NodeFeed):
        """Serve a node of ``graph`` with what ``feed`` has."""
        super().__init__(graph, node_id, run, ReplayTopics(feed), outputs)
        self.clock = ReplayClock(feed)
        self.steady = ReplaySteadyClock(feed)
        self._feed = feed
        self._places = {port: place for place, port in enumerate(self._type.inputs)}
        self._held: dict[str, Any] = {}

    async def get(self, port: str, timeout: float | None) -> Any:
        """Return what the node took."""
        if port in self._held:
            return self._held[port]
        value = await self._feed.take(self._places[port])
        if self._type.inputs[port].type.held:
            self._held[port] = value
        return value

    async def get_batch(self, port: str, max_items: int, timeout: float | None) -> list[Any]:
        """Return what the node took."""
        if self._type.inputs[port].type.held:
            return [await self.get(port, timeout)]
        batch: list[Any] = []
        while len(batch) < max_items:
            try:
                batch.append(await self.get(port, timeout))
            except TimeoutError:
                break
        return batch

    def boundary(self, epoch: int, metric: float | None,
                 trigger: CheckpointTrigger | None = None, ends: str | None = None,
                 loss: float | None = None) -> Boundary:
        """Return one at which nothing is saved."""
        return Boundary(self._feed.saves())

    async def finish(self, reason: str) -> None:
        """Go on: the recording says when it ends."""


class FreeContext(_MemoryContext):
    """Implements `dnne_ros.NodeContext` on edges in memory."""

    def __init__(self, graph: Graph, node_id: str, run: RunFacts, topics: MuteTopics,
                 outputs: Mapping[str, Giving], inputs: Mapping[str, ItemSource],
                 clock: SteadyClock, on_end: Callable[[], None]):
        """Serve a node of ``graph`` from ``inputs``; ``on_end()`` ends the run."""
        super().__init__(graph, node_id, run, topics, outputs)
        self.clock = self.steady = clock
        self._inputs = inputs
        self._end = on_end

    async def get(self, port: str, timeout: float | None) -> Any:
        """Wait for the next item of an input."""
        return await self._inputs[port].get(timeout)

    async def get_batch(self, port: str, max_items: int, timeout: float | None) -> list[Any]:
        """Wait for several items of an input."""
        return await self._inputs[port].get_batch(max_items, timeout)

    def boundary(self, epoch: int, metric: float | None,
                 trigger: CheckpointTrigger | None = None, ends: str | None = None,
                 loss: float | None = None) -> Boundary:
        """Return one at which nothing is saved; the run ends if it ``ends`` there."""
        if ends is not None:
            self._end()
        return Boundary(saves=False)

    async def finish(self, reason: str) -> None:
        """End the run."""
        self._end()
