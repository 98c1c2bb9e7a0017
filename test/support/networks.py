"""Nodes that answer items and their edges, in one event loop, with or without regions."""

import asyncio
from contextlib import contextmanager, nullcontext
from time import monotonic_ns
from types import SimpleNamespace

from dnne_ros.node_api.answering import answer_items
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.supply import Supply, give_items
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.member import Member, Supplier
from dnne_ros.runtime.regions.regions import Regions
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.workflow.records import PortRef


class Network:
    """Nodes that answer items, by name: their inputs, as ``node.output``, and their functions.

    An input from a name that is no node comes from a source of that name; an output that nobody
    takes, from whoever wants it, is collected.  A node without inputs gives the values that its
    function returns, as out.
    """

    def __init__(self, nodes, compiled=True, capacity=100, taken=None):
        """Wire ``nodes``: {name: ({port: "source.output"}, answer)}; start them in `run`."""
        self.drawn = nodes
        self.edges = {}
        incoming = {name: {} for name in nodes}
        for name, (inputs, _) in nodes.items():
            for port, source in inputs.items():
                edge = LocalEdge(f"{source} → {name}/{port}", EdgePolicy.LOSSLESS, capacity)
                self.edges[source, name, port] = edge
                incoming[name][port] = (SimpleNamespace(
                    source=PortRef(*source.split(".")), target=PortRef(name, port),
                    policy=EdgePolicy.LOSSLESS),)
        port_of = SimpleNamespace(priority=None)
        graph = SimpleNamespace(incoming=incoming, nodes={
            name: SimpleNamespace(
                type=SimpleNamespace(inputs=dict.fromkeys(inputs, port_of)), priority=0)
            for name, (inputs, _) in nodes.items()})
        self.regions = Regions(graph, compiled)
        self.ends = {}
        self.outputs = {}
        for name in nodes:
            for port in (f"{name}.out", f"{name}.more"):
                edges = self.edges_of(port)
                if not edges and (taken is None or port in taken):
                    self.ends[port] = LocalEdge(port, EdgePolicy.LOSSLESS, capacity)
                    edges = [self.ends[port]]
                self.outputs[port] = OutputPort(Int(), edges, None, None, None)
        self.sources = {source: OutputPort(Int(), self.edges_of(source), None, None, None)
                        for source in {key[0] for key in self.edges} - self.outputs.keys()}

    def edges_of(self, port):
        return [edge for key, edge in self.edges.items() if key[0] == port]

    def start(self):
        """Start the nodes, in the running loop."""
        self.nodes = {name: Answering(self, name, inputs, answer)
                      for name, (inputs, answer) in self.drawn.items()}

    def counts(self):
        """Return what each edge has counted, and how much each node."""
        edges = {edge.name: (edge.stats.sent, edge.stats.received, edge.stats.depth)
                 for edge in (*self.edges.values(), *self.ends.values())}
        return {**edges, **{name: node.items for name, node in self.nodes.items()},
                **{port: output.sent for port, output in self.outputs.items()}}


class Answering:
    """A node and its context in one."""

    def __init__(self, network, name, inputs, answer):
        """Answer items of ``network``."""
        self.context, self.node_id, self.priority = self, name, 0
        self.items, self.by_itself, self.traced_by = 0, 0, None
        self.cuts, self.paused, self.ready = set(), False, None
        self.network = network
        self.inputs = {port: network.edges[source, name, port] for port, source in inputs.items()}
        self.outputs = {port: network.outputs[f"{name}.{port}"] for port in ("out", "more")}
        self.sources, self.targets = dict(self.inputs), dict(self.outputs)
        self.task = asyncio.create_task(
            answer_items(self, tuple(inputs), answer) if inputs
            else give_items(self, getattr(answer, "ports", ("out",)), answer()))

    @property
    def may_answer(self):
        return not self.cuts and not self.paused

    async def get_input(self, port):
        item = await self.sources[port].get(None)
        self.items += 1
        self.by_itself += 1
        return item

    def together(self):
        return nullcontext()

    def send_output(self, value, port):
        return self.targets[port].send(value)

    def put_now(self, port, value):
        began = monotonic_ns()
        self.outputs[port].send_now(value)
        if self.traced_by is not None:
            self.targets[port].note_sent(value, began)

    async def give(self, port, value):
        await self.targets[port].send(value)

    def trace(self, tracer):
        """Let ``tracer`` record what the node does from now on; None: nobody."""
        self.traced_by = tracer
        self.sources, self.targets = dict(self.inputs), dict(self.outputs)
        if tracer is not None:
            self.sources = {port: tracer.input(port, edge) for port, edge in self.inputs.items()}
            self.targets = {port: tracer.output(port, output)
                            for port, output in self.outputs.items()}

    def cut(self, who="test"):
        self.cuts.add(who)
        self.network.regions.redraw()

    def rejoin(self, who="test"):
        self.cuts.discard(who)
        self.network.regions.redraw()

    @contextmanager
    def supplying(self, ports, values):
        supply = Supply(values)
        self.network.regions.join(member := Supplier(self, self.outputs, ports, supply))
        try:
            yield supply
        finally:
            self.network.regions.leave(member)

    @contextmanager
    def answering(self, ports, answer):
        regions = self.network.regions
        regions.join(member := Member(self, {port: self.inputs[port] for port in ports},
                                      self.outputs, answer, self.ready))
        try:
            yield
        finally:
            regions.leave(member)


async def turns(count=20):
    """Let the event loop turn, more often than a coroutine needs to take and send an item."""
    for _ in range(count):
        await asyncio.sleep(0)
