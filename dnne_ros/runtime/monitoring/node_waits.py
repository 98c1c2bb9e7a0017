"""What the nodes of one process wait for, seen from outside and only when somebody asks.

Nothing is noted while items move: who waits where is read off the ends of edges, the clock and
the coroutine of each node.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from dnne_ros.deadlocks.wait_for import Cause, NodeWait
from dnne_ros.graph.graph import Edge, Graph
from dnne_ros.node_api.blocking import BlockingCalls
from dnne_ros.node_api.run_pause import PAUSED
from dnne_ros.transport.stats import CountingEnd
from dnne_ros.transport.unheard import unheard

if TYPE_CHECKING:
    from dnne_ros.runtime.edges.wiring import Wiring
    from dnne_ros.runtime.node.context import HostContext
    from dnne_ros.runtime.node.node_host import NodeHost
    from dnne_ros.runtime.node.node_runner import NodeRunner

AT_REST_SECONDS = 2.0
"""How long a node has done nothing when it is looked at."""
_CLOCK = "/clock"
_BLOCKING = BlockingCalls.run.__code__
_SLEEP = asyncio.sleep.__code__
_ASYNCIO = str(Path(asyncio.__file__).parent)


class NodeWaits:
    """Looks at the nodes of one process."""

    def __init__(self, graph: Graph, wiring: Wiring, hosts: Mapping[str, NodeHost],
                 contexts: Mapping[str, HostContext], runners: Mapping[str, NodeRunner]):
        """Look at the nodes of ``contexts``, by id; ``graph`` as remapping rules leave it."""
        self._graph = graph
        self._wiring = wiring
        self._hosts = hosts
        self._contexts = contexts
        self._runners = runners
        self._ends: dict[str, CountingEnd] = {
            **wiring.local, **{consumer.edge: consumer for writer in wiring.writers
                               for consumer in writer.consumers}}
        self._clocks: dict[str, int] = {}

    @property
    def paused(self) -> bool:
        """Tell whether the run stands still as somebody wants it to."""
        return any(context.paused for context in self._contexts.values())

    def moved(self) -> dict[str, int]:
        """Return how many items each node has taken and given, by id."""
        return {id: context.items + context.sent for id, context in self._contexts.items()}

    def look(self, since: Mapping[str, float]) -> list[NodeWait]:
        """Return what each node waits for; ``since``: for how many seconds each did nothing.

        To be called again and again: whether a clock stands shows in two looks.
        """
        return [self._look_at(id, since[id]) for id in self._contexts]

    def _look_at(self, id: str, since: float) -> NodeWait:
        name = self._graph.nodes[id].ros_name
        if since < AT_REST_SECONDS:
            return NodeWait(name, Cause.MOVES, (), (), since)
        replicated = self._contexts[id].replicated
        if replicated is not None and replicated.at_work:
            return NodeWait(name, Cause.CODE, (
                f"is in code of its own, in {replicated.at_work} of its replicas",), (), since)
        reasons, peers, topics = self._awaited_items(id)
        for reason, peer in (*self._full_edges(id), *self._trainers(id)):
            reasons.append(reason)
            peers.append(peer)
        cause = Cause.NODES
        context = self._contexts[id]
        services = context.services.awaited + context.actions.awaited
        if not reasons and not topics:
            services = services + context.frames.awaited
            cause, reason = self._own_cause(id)
            if cause is Cause.CODE:
                topics = self._contexts[id].topics.subscribed
            if not topics and not services:
                reasons.append(reason)
        if topics or services:
            cause = Cause.OUTSIDE
            reasons += [self._waits_for_topic(id, topic) for topic in topics] + services
        return NodeWait(name, cause, tuple(reasons), tuple(dict.fromkeys(peers)), since)

    def _awaited_items(self, id: str) -> tuple[list[str], list[str], list[str]]:
        """Return the inputs at which a node waits, in words; from whom; and topics outside."""
        reasons, peers, topics = [], [], []
        for ref, source in self._wiring.inputs.items():
            if ref.node != id or not source.awaited:
                continue
            edges = self._graph.incoming[id].get(ref.port)
            if not edges:
                topics.append(self._hosts[id].resolve_topic_name(self._graph.topic(ref)))
                continue
            peers.append(self._graph.nodes[edges[0].source.node].ros_name)
            reasons.append(f"waits for an item at input {ref.port} from "
                           f"{self._graph.topic(edges[0].source)} ({self._came(edges[0])})")
        return reasons, peers, topics

    def _came(self, edge: Edge) -> str:
        """Say how many items an edge has brought."""
        name = self._graph.edge_name(edge)
        end = self._wiring.local.get(name) or self._wiring.readers[name]
        count = end.stats.received
        return f"{count} so far" if count else "none so far"

    def _full_edges(self, id: str) -> Iterator[tuple[str, str]]:
        """Yield the full edges of a node, in words, and who would have to take from them."""
        for edges in self._graph.outgoing[id].values():
            for edge in edges:
                end = self._ends[self._graph.edge_name(edge)]
                if end.stats.blocked_since is not None:
                    target = self._graph.nodes[edge.target.node].ros_name
                    yield (f"is held back by the full edge from its output {edge.source.port} to "
                           f"{self._graph.topic(edge.target)}", target)

    def _trainers(self, id: str) -> Iterator[tuple[str, str]]:
        """Yield the trainers for whose next weights a node waits, in words, and their names."""
        port = self._runners[id].node.awaits_trainer
        for edge in self._graph.outgoing[id].get(port, ()):
            target = self._graph.nodes[edge.target.node]
            if target.type.inputs[edge.target.port].trains:
                yield f"waits for the next weights from {target.ros_name}", target.ros_name

    def _own_cause(self, id: str) -> tuple[Cause, str]:
        """Say what a node does that waits at none of its ports."""
        attempt = self._runners[id].attempt
        if attempt is None or (attempt.done() and (attempt.cancelled() or attempt.exception())):
            return Cause.TIME, "is being made anew"
        if attempt.done():
            return Cause.THROUGH, "is through and gives nothing more"
        if self._contexts[id].paused:
            return Cause.TIME, f"is paused: {PAUSED}"
        frames = list(_waiting_frames(attempt.get_coro()))
        codes = [frame.f_code for frame in frames]
        clock = self._contexts[id].clock
        if clock.sleepers and clock.simulated:
            before, self._clocks[id] = self._clocks.get(id), clock.shown_ns()
            if before == self._clocks[id]:
                return Cause.CLOCK, f"has use_sim_time and {self._waits_for_topic(id, _CLOCK)}"
            return Cause.TIME, f"sleeps by {_CLOCK}"
        if clock.sleepers or _SLEEP in codes:
            return Cause.TIME, "sleeps"
        doing = "is in a blocking call" if _BLOCKING in codes else "is in code of its own"
        return Cause.CODE, f"{doing}{_place(frames)}"

    def _waits_for_topic(self, id: str, topic: str) -> str:
        count = self._hosts[id].count_publishers(topic)
        return "; ".join([f"waits for the topic {topic}, which has "
                          f"{count or 'no'} publisher{'' if count == 1 else 's'}",
                          *unheard(self._hosts[id], topic)])


def _waiting_frames(coroutine: Any) -> Iterator[FrameType]:
    """Yield the frames of a suspended coroutine and of what it awaits, the outermost first."""
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is None:
            return
        yield frame
        coroutine = getattr(coroutine, "cr_await", None) or getattr(
            coroutine, "gi_yieldfrom", None)


def _place(frames: list[FrameType]) -> str:
    """Say where a node is: the innermost place that is not asyncio's or of a blocking call."""
    for frame in reversed(frames):
        code = frame.f_code
        if not code.co_filename.startswith(_ASYNCIO) and code is not _BLOCKING:
            return f", {code.co_name} at {Path(code.co_filename).name}:{frame.f_lineno}"
    return ""
