"""What is kept of a process' last seconds, all the time and at next to no cost.

What nodes log, their health, their parameters and how far each port has come is noted as it
changes, or a few times a second.  Items are recorded one by one as long as that takes a small
share of the time, and else for a moment now and then: see `dnne_ros.tracing.budget`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from time import monotonic_ns
from typing import TYPE_CHECKING, Any

from dnne_ros.runtime.edges.input_port import HeldInput
from dnne_ros.tracing.budget import Budget
from dnne_ros.tracing.flight_record import RECORDS, join_run, leave_run
from dnne_ros.tracing.journal import JOURNAL, Journal
from dnne_ros.tracing.parts import remove_part
from dnne_ros.tracing.ring import Kind
from dnne_ros.tracing.tracer import NodeTracer, Tracer

if TYPE_CHECKING:
    from rclpy.parameter import Parameter

    from dnne_ros.graph.graph import Graph
    from dnne_ros.runtime.edges.wiring import Wiring
    from dnne_ros.runtime.node.context import HostContext
    from dnne_ros.runtime.node.node_host import NodeHost

_SHARE = 0.004
"""How much of the time records of items may take …"""
_RECORD_NS = 2_000
"""… if each takes so long: twice as long as it does where others leave the caches alone."""
_SAVED_NS = 2_000_000
_TICK_SECONDS = 0.02
_TICK_SHARE = 0.001
"""How much of the time the looks themselves may take: of many nodes they come less often."""
_COUNT_SECONDS = 0.1
_COUNTS_PER_SECOND = 500
_STOOD_SECONDS = 0.5
"""What is said of a loop that did not turn for so long."""
_MOST_TEXTS = 4096


class FlightPart:
    """What is kept of the nodes of one process, in the `folder` of the run ``run_id``."""

    def __init__(self, run_id: str, process: str, about: Mapping[str, Any], graph: Graph,
                 wiring: Wiring, hosts: Mapping[str, NodeHost],
                 contexts: Mapping[str, HostContext], warn: Callable[[str], None]):
        """Begin to keep it, of the nodes of ``hosts`` and ``contexts`` by id; OSError if not.

        ``about``: what is said of process and graph, see `Tracer`.
        """
        self._warn = warn
        self._contexts = contexts
        self._hosts = {graph.nodes[id].ros_name: host for id, host in hosts.items()}
        self.folder, self._lock = join_run(run_id)
        self._tracer = Tracer(self.folder, process, about, 1, RECORDS, _MOST_TEXTS)
        self._journal = Journal(self._tracer.names.with_suffix(JOURNAL), self._parameters)
        self._nodes = {id: NodeTracer(self._tracer, graph.nodes[id].ros_name) for id in contexts}
        self._ports = list(_ports(graph, wiring, self._tracer))
        self._place = self._tracer.place("")
        self._health = {id: (context.health.level, context.health.message)
                        for id, context in contexts.items()}
        self._budget = Budget(_SHARE, _RECORD_NS, _SAVED_NS, monotonic_ns())
        self._seen_since: int | None = None
        self._unseen_since = monotonic_ns()
        self._moved = 0
        self._count_at = 0
        self._count_every = round(1e9 * max(_COUNT_SECONDS, len(self._ports) / _COUNTS_PER_SECOND))
        self._due = 0
        self._timer: asyncio.TimerHandle | None = None
        for id, context in contexts.items():
            name = graph.nodes[id].ros_name
            context.log.on_logged = partial(self.note, name, "log")
            context.marks.append(self._nodes[id])
            hosts[id].add_post_set_parameters_callback(partial(self._note_changes, name))

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at the ports from now on, in ``loop``."""
        self._loop = loop
        self._due = monotonic_ns()
        self._budget.begin(self._due)
        self._tick()

    def note(self, node: str, kind: str, text: str) -> None:
        """Note an event, see `dnne_ros.tracing.trace.Event`, in any thread."""
        try:
            self._journal.note(node, kind, text)
        except OSError as error:
            self._journal.close()
            self._warn(f"the flight recorder notes no more: {self.folder}: {error.strerror}")

    def count(self) -> None:
        """Note how far each port has come."""
        write, offset, now = self._tracer.write, self._tracer.offset, monotonic_ns()
        for place, number, waiting in self._ports:
            write(offset(), now, now, number(), waiting(), 0, now, place, 0, _COUNTED, 0)
        for id, context in self._contexts.items():
            health = context.health.level, context.health.message
            if health != self._health[id]:
                self._health[id] = health
                self.note(context.name.rpartition("/")[2], "health",
                          f"{health[0].name} {health[1]}")

    def stop(self) -> None:
        """Look at the ports no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._seen_since is not None:
            self._see(False, monotonic_ns())

    def close(self) -> None:
        """Keep nothing any more, and remove what there is."""
        self.stop()
        for id, context in self._contexts.items():
            context.marks.remove(self._nodes[id])
            context.log.on_logged = _nobody
        self._tracer.close()
        self._journal.close()
        remove_part(self._tracer.names)
        leave_run(self.folder, self._lock)

    def _tick(self) -> None:
        now = monotonic_ns()
        if now - self._due > 1e9 * _STOOD_SECONDS:
            stood = 1e-9 * (now - self._due)
            self.note("", "loop", f"the event loop did not turn for {stood:.3g} s")
        moved = sum(context.items + context.sent for context in self._contexts.values())
        self._budget.look(now, moved - self._moved if self._seen_since is not None else 0)
        self._moved = moved
        if self._budget.records != (self._seen_since is not None):
            self._see(self._budget.records, now)
        if now >= self._count_at:
            self._count_at = now + self._count_every
            self.count()
        delay = max(_TICK_SECONDS, 1e-9 * (monotonic_ns() - now) / _TICK_SHARE)
        if self._budget.records:
            delay = min(_TICK_SECONDS, 1e-9 * self._budget.within_ns)
        else:  # nothing begins or is counted before
            delay = max(delay, 1e-9 * (min(self._count_at, self._budget.begins_ns) - now))
        self._due = now + round(1e9 * delay)
        self._timer = self._loop.call_later(delay, self._tick)

    def _see(self, on: bool, now: int) -> None:
        """Begin to record items, or leave them alone."""
        for id, context in self._contexts.items():
            tracer = self._nodes[id]
            tracer.free = 0  # nobody knows for how long the node has done what it does
            context.glance(tracer if on else None)
        if on:
            self._seen_since = now
            self._tracer.write(self._tracer.offset(), self._unseen_since, self._unseen_since, 0, 0,
                               0, now, self._place, 0, int(Kind.UNSEEN), 0)
        else:
            self._seen_since, self._unseen_since = None, now

    def _parameters(self) -> Iterator[tuple[str, str, str]]:
        for name, host in self._hosts.items():
            values = {key: each.value for key, each in host.get_parameters_by_prefix("").items()}
            yield name, "parameters", json.dumps(values, default=str)

    def _note_changes(self, node: str, parameters: list[Parameter[Any]]) -> None:
        for each in parameters:
            self.note(node, "parameter", f"{each.name} = {each.value!r}")


_COUNTED = int(Kind.COUNTED)


def _ports(graph: Graph, wiring: Wiring, tracer: Tracer
           ) -> Iterator[tuple[int, Callable[[], int], Callable[[], int]]]:
    """Give each port's number in the record, and what tells its items and those that wait."""
    def name(ref: Any) -> str:
        return graph.nodes[ref.node].ros_name

    for ref, source in wiring.inputs.items():
        if not isinstance(source, HeldInput):
            yield (tracer.place(name(ref), ref.port, "input"), partial(getattr, source, "number"),
                   source.waiting)
    for ref, output in wiring.outputs.items():
        yield (tracer.place(name(ref), ref.port, "output"), partial(getattr, output, "number"),
               _none)


def _none() -> int:
    return 0


def _nobody(line: str) -> None:
    """Keep nothing."""
