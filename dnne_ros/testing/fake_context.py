"""A `NodeContext` in memory, to drive one node without ROS."""

from __future__ import annotations

import asyncio

from dnne_ros.node_api.clock import SteadyClock
from dnne_ros.node_api.health import Health


class FakeLog:
    """Keeps messages by their level."""

    def __init__(self):
        self.lines = []

    def info(self, message):
        self.lines.append(("info", message))

    def warning(self, message):
        self.lines.append(("warning", message))

    def error(self, message):
        self.lines.append(("error", message))


class FakeBoundary:
    """A boundary at which nothing is saved."""

    saves = False

    def __init__(self, ends):
        self._ends = ends

    async def reached(self):
        if self._ends is not None:
            await asyncio.Event().wait()


class FakeTopics:
    """Topics in memory: what nodes publish, and messages for those who subscribe."""

    def __init__(self):
        self.published = []
        self.subscriptions = []
        self.now = 5_000_000_000
        self._deliver = None

    def advertise(self, topic, message_type, qos="reliable"):
        self.advertised = (topic, message_type, qos)
        return self

    def publish(self, message):
        self.published.append(message)

    def subscribe(self, topic, message_type, qos, on_message, raw=False):
        self.subscriptions.append((topic, message_type, qos))
        self._deliver = on_message

    def deliver(self, *messages):
        for message in messages:
            self._deliver(message)

    def deserialize(self, data, message_type):
        return data

    def now_ns(self):
        return self.now


class FakeContext:
    """Queues for the linked inputs, and a list of what was sent."""

    def __init__(self, node, linked, seed=0, inference=False, outputs=None):
        self.name = f"/graph/{node.type_name.lower()}_1"
        self.node_id = "1"
        self.title = "One"
        self.seed = seed
        self.inference = inference
        self.log = FakeLog()
        self.sent = []
        self.reported = []
        self.boundaries = []
        self.triggers = []
        self.health = Health()
        self.topics = FakeTopics()
        self.clock = SteadyClock()
        self._outputs = node.outputs if outputs is None else outputs
        self._inputs = {port: asyncio.Queue() for port in linked}
        self._node = node
        self._values = {}
        self._change = asyncio.Event()

    def is_linked(self, port):
        return port in self._inputs or port in self._outputs

    def trainers(self, output):
        return 0

    async def get(self, port, timeout):
        if port in self._values:
            return self._values[port]
        try:
            value = await asyncio.wait_for(self._inputs[port].get(), timeout)
        except asyncio.TimeoutError:  # Python 3.10 has two of that name
            raise TimeoutError from None
        if self._node.inputs[port].type.held:
            self._values[port] = value
        return value

    async def put(self, port, value, timeout=None):
        assert port in self._node.outputs, port
        self.sent.append((port, value))
        self._change.set()
        await asyncio.sleep(0)  # where a real edge may wait

    def report(self, metrics):
        self.reported.append(dict(metrics))

    def boundary(self, epoch, metric, trigger=None, ends=None, loss=None):
        """Note the boundary; it never returns when the run ends there."""
        self.boundaries.append((epoch, metric, ends))
        return FakeBoundary(ends)

    def save_when(self, trigger):
        self.triggers.append(trigger)

    def feed(self, port, *values):
        for value in values:
            self._inputs[port].put_nowait(value)

    def waiting(self, port):
        """Return how many items of an input have not been taken."""
        return self._inputs[port].qsize()

    def outputs(self, port):
        """Return what was sent on ``port`` so far."""
        return [value for name, value in self.sent if name == port]

    async def sends(self, count):
        """Wait until ``count`` values were sent, over all outputs."""
        while len(self.sent) < count:
            self._change.clear()
            await self._change.wait()
