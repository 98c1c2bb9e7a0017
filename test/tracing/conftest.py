"""Graphs whose time is a test's own: real edges and ports, and a clock that a test sets."""

import asyncio

import pytest

from dnne_ros.node_api.port_types import AnyValue
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.tracing.parts import parts_in, read_parts
from dnne_ros.tracing.tracer import NodeTracer, Tracer
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy

MS = 1_000_000


class TracedGraph:
    """Nodes of one process, each a coroutine, with real edges between them.

    `work` is the only thing that takes time, and `Delay` what takes some on an edge.
    """

    def __init__(self, folder, clock, every=1, records=10_000):
        self.folder = folder
        self.clock = clock
        self.every, self.records = every, records
        self.edges = {}
        self.ends = {}

    def link(self, source, target, capacity=100, policy=EdgePolicy.LOSSLESS):
        """Lead an edge from ``a/out`` to ``b/in``."""
        name = f"{source} → {target}"
        self.edges[name] = (source, target, LocalEdge(name, policy, capacity))
        return name

    def work(self, ms):
        """Let a node hold the thread for so long."""
        self.clock.now += int(ms * MS)

    def run(self, run_async, **behaviours):
        """Run a coroutine function for each node, ``behaviour(take, give)``; return the trace."""
        run_async(self._run(behaviours))
        return self.trace()

    def trace(self):
        """Return what was recorded."""
        return read_parts(parts_in(self.folder))

    def about(self, names):
        """Return what a process says of this graph."""
        return {"graph": "/made", "run": "1", "host": "", "outside": [],
                "nodes": dict.fromkeys(names, "Made"),
                "edges": [{"name": name, "source": source.split("/"), "target": target.split("/"),
                           "policy": edge.policy.value, "capacity": edge.capacity,
                           "trains": False}
                          for name, (source, target, edge) in self.edges.items()]}

    async def _run(self, behaviours):
        tracer = Tracer(self.folder, "main", self.about(behaviours), self.every, self.records)
        tasks = [asyncio.ensure_future(self._node(tracer, name, behaviour))
                 for name, behaviour in behaviours.items()]
        try:
            await asyncio.gather(*tasks)
        finally:
            tracer.close()

    async def _node(self, tracer, name, behaviour):
        node = NodeTracer(tracer, name)
        outputs = {source.split("/")[1] for source, _, _ in self.edges.values()
                   if source.startswith(f"{name}/")}
        targets = {port: node.output(port, OutputPort(
            AnyValue(), [edge for source, _, edge in self.edges.values()
                         if source == f"{name}/{port}"], None, None, None)) for port in outputs}
        sources = {target.split("/")[1]: node.input(target.split("/")[1], edge)
                   for _, target, edge in self.edges.values() if target.startswith(f"{name}/")}
        await behaviour(lambda port: sources[port].get(None),
                        lambda port, value=1: targets[port].send(value))


class Clock:
    """A clock that stands still until somebody sets it."""

    def __init__(self):
        self.now = 10**12

    def __call__(self):
        self.now += 1  # no two moments are one
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """Put a clock of the test's own in the place of the machine's."""
    clock = Clock()
    for place in ("time.monotonic_ns", "dnne_ros.tracing.tracer.monotonic_ns",
                  "dnne_ros.tracing.ports.monotonic_ns"):
        monkeypatch.setattr(place, clock)
    return clock


@pytest.fixture
def traced_graph(tmp_path, clock):
    """Return a graph, to be linked and run."""
    return TracedGraph(tmp_path, clock)
