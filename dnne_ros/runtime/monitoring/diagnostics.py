"""What a process says on ``/diagnostics``: once a second, of each node and each end of an edge.

While nobody listens it costs nothing.

An edge inside a process is one status, ``/graph: edge a/out → b/in``.  One between two processes
is two, as each knows its own end: ``… (sender)`` and ``… (receiver)``.  The hardware id is the
graph's namespace.  `dnne_ros.top.command` puts the ends together again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticArray

from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.health import Level
from dnne_ros.runtime.monitoring.diagnostic_message import Status, encode_array
from dnne_ros.transport.policy import DEFAULT_CAPACITY, EdgePolicy
from dnne_ros.transport.stats import CountingEnd, EdgeStats

if TYPE_CHECKING:
    from dnne_ros.runtime.coordination.pause import Pause
    from dnne_ros.runtime.edges.wiring import Wiring
    from dnne_ros.runtime.node.context import HostContext
    from dnne_ros.runtime.node.node_host import NodeHost

TOPIC = "/diagnostics"
MARK = "dnne_ros"
"""The key of the first value of each status of ours; it says what it is about: node or edge."""

PERIOD = 1.0
BLOCKED_WARNING = 0.5
"""Above this share of the time that its sender waited, an edge is worth a look: less than that,
and the sender's own work is what sets the pace."""

_DEPTH = 10


@dataclass
class EdgeEnd:
    """What a process knows of an edge: ``both`` ends, or the one of its sender or receiver."""

    name: str
    end: str
    capacity: int
    counting: CountingEnd


def edge_ends(graph: Graph, wiring: Wiring) -> Iterator[EdgeEnd]:
    """Yield what one process knows of the edges of ``graph``."""
    capacities = {graph.edge_name(edge): edge.capacity for edge in graph.edges}

    def seen(name: str, end: str, counting: CountingEnd) -> EdgeEnd:
        capacity = 1 if counting.policy is EdgePolicy.LATEST \
            else capacities.get(name, DEFAULT_CAPACITY)
        return EdgeEnd(name, end, capacity, counting)

    for name, edge in wiring.local.items():
        yield seen(name, "both", edge)
    for writer in wiring.writers:
        for consumer in writer.consumers:
            yield seen(consumer.edge, "sender", consumer)
    for name, reader in wiring.readers.items():
        yield seen(name, "receiver", reader)
    for name, external in wiring.external.items():
        yield seen(name, "receiver", external)


class Diagnostics:
    """Publishes what the nodes of one process and its ends of edges are doing."""

    def __init__(self, host: NodeHost, process: str, processes: int, graph: Graph,
                 wiring: Wiring, contexts: Mapping[str, HostContext], pause: Pause,
                 on_look: Callable[[list[Status]], None] | None = None):
        """Publish as ``host``, on behalf of the nodes whose ``contexts`` are given by id.

        ``process`` is one of so many ``processes`` of the graph.  A ``pause`` is told of.
        ``on_look`` is told each second, too, whether somebody listens or not.
        """
        self._on_look = on_look
        self._pause = pause
        self._host = host
        self._namespace = host.get_namespace()
        self._publisher = host.create_publisher(DiagnosticArray, TOPIC, _DEPTH)
        self._process: dict[str, Any] = {
            "process": process, "processes": processes, "pid": os.getpid(), "cpu_percent": 0.0}
        self._nodes = [_NodeMeter(context, {
            "type": graph.nodes[id].type.type_name, "title": graph.nodes[id].title})
            for id, context in contexts.items()]
        self._edges = [_EdgeMeter(end, self._namespace) for end in edge_ends(graph, wiring)]
        self._looked = time.monotonic()
        self._worked = time.process_time()

    async def run(self) -> None:
        """Publish once a second while somebody listens, until cancelled."""
        watched = False
        while True:
            await asyncio.sleep(PERIOD)
            was_watched, watched = watched, self._publisher.get_subscription_count() > 0
            if not watched and self._on_look is None:
                continue
            statuses = self.look()
            if self._on_look is not None:
                self._on_look(statuses)
            if was_watched and watched:  # rates need an earlier look
                now = self._host.get_clock().now().nanoseconds
                self._publisher.publish(encode_array(now, statuses))

    def look(self) -> list[Status]:
        """Return how everything is doing; rates are those since the last look."""
        now, worked = time.monotonic(), time.process_time()
        seconds = max(now - self._looked, 1e-9)
        self._process["cpu_percent"] = round(100 * (worked - self._worked) / seconds, 1)
        self._looked, self._worked = now, worked
        process = {**self._process, "paused": self._pause.state.why or "run.paused"} \
            if self._pause.paused else self._process
        statuses = [meter.look(seconds, process) for meter in self._nodes]
        statuses += [meter.look(seconds, self._process["process"], self._pause.paused)
                     for meter in self._edges]
        for status in statuses:
            status.hardware_id = self._namespace
        return statuses


class _NodeMeter:
    def __init__(self, context: HostContext, about: Mapping[str, Any]):
        self._context = context
        self._about = about
        self._taken = self._sent = 0

    def look(self, seconds: float, process: Mapping[str, Any]) -> Status:
        context, health = self._context, self._context.health
        taken, sent = context.items - self._taken, context.sent - self._sent
        self._taken, self._sent = context.items, context.sent
        replicated = context.replicated
        replicas = {} if replicated is None else {
            "replicas": replicated.count, **replicated.figures.look(seconds),
            **({} if replicated.states is None else {"keys": len(replicated.states)})}
        return Status(context.name, Level(health.level), str(health.message), values={
            MARK: "node", **health.values, **self._about, **process, **replicas,
            "taken": context.items, "taken_per_s": round(taken / seconds, 1),
            "sent": context.sent, "sent_per_s": round(sent / seconds, 1)})


class _EdgeMeter:
    def __init__(self, end: EdgeEnd, namespace: str):
        self._end = end
        suffix = "" if end.end == "both" else f" ({end.end})"
        self._name = f"{namespace}: edge {end.name}{suffix}"
        self._target = end.name.rpartition(" → ")[2].rpartition("/")[0]
        self._last = EdgeStats().as_dict()

    def look(self, seconds: float, process: str, paused: bool) -> Status:
        end, counting = self._end, self._end.counting
        now = counting.stats.as_dict()
        new = {key: now[key] - self._last[key] for key in ("sent", "received", "lost")}
        blocked = min((now["blocked_s"] - self._last["blocked_s"]) / seconds, 1.0)
        self._last = now
        values = {MARK: "edge", "edge": end.name, "end": end.end, "process": process,
                  "policy": counting.policy.value, "transport": counting.transport,
                  "capacity": end.capacity, "depth": now["depth"]}
        if end.end != "receiver":
            values.update(sent=now["sent"], sent_per_s=round(new["sent"] / seconds, 1),
                          blocked_percent=round(100 * blocked, 1),
                          blocked_s=round(now["blocked_s"], 3))
        if end.end != "sender":
            values.update(
                received=now["received"], received_per_s=round(new["received"] / seconds, 1),
                lost=now["lost"], **{
                    f"{name}_ms": round(1e3 * now[f"{name}_s"], 3)
                    for name in ("latency", "latency_max") if f"{name}_s" in now})
        values.update(duplicated=now["duplicated"], dropped=now["dropped"])
        rate = new["sent" if end.end == "sender" else "received"] / seconds
        return Status(self._name, *self._verdict(
            now, rate, new["lost"], 0.0 if paused else blocked), values=values)

    # The first word of a message says it all: `dnne-ros top` has no room for more.
    def _verdict(self, now: Mapping[str, Any], rate: float, lost: int, blocked: float
                 ) -> tuple[Level, str]:
        if now["lost"]:
            return Level.ERROR, f"lost {_items(now['lost'])}, {lost} of them in the last second"
        if now["dropped"] and self._end.counting.policy is EdgePolicy.LOSSLESS:
            return Level.WARN, f"dropped {_items(now['dropped'])} while {self._target} was gone"
        if blocked > BLOCKED_WARNING:
            return Level.WARN, (f"blocked {blocked:.0%} of the last second: {self._target} does "
                                "not keep up")
        text = f"{rate:.4g} items/s" if rate else "no items in the last second"
        return Level.OK, text + (f"; {now['duplicated']} came twice" if now["duplicated"] else "")


def _items(count: int) -> str:
    return f"{count} item" if count == 1 else f"{count} items"
