"""Both ends of edges between processes, in one process."""

import asyncio
import secrets

import pytest
from std_msgs.msg import UInt8MultiArray

from dnne_ros.node_api.port_types import AnyValue
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.transport.codecs import Int64Codec, codec_for
from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.credit import credit_qos
from dnne_ros.transport.lasting_counts import LastingCounts
from dnne_ros.transport.payload import Wire
from dnne_ros.transport.process_endpoint import ProcessEndpoint
from dnne_ros.transport.qos import link_qos
from dnne_ros.transport.remote_reader import RemoteReader
from dnne_ros.transport.remote_writer import RemoteWriter
from dnne_ros.transport.seal import Seal

NUMBERS = codec_for(Wire(Int64Codec))
KEY = b"known to this run alone"


class AnyPayload(AnyValue):
    """Values that are payloads already."""

    def pack(self, value):
        return value


class Resuming:
    """A node that goes on with any item that it is asked for, and had sent ``most`` before."""

    def __init__(self, most):
        self._most = most

    def base(self, had):
        return had or 0

    def sent_before(self):
        return self._most


class Edges:
    """A producer and its consumers, each on a node of its own.

    Each consumer is its policy and capacity; ``plan`` holds further fields of all `Consumer`s,
    ``carriers`` what `ProcessEndpoint` is given.
    """

    def __init__(self, ros, codec=NUMBERS, resumes=False, priority=None, plan=None, carriers=None,
                 **consumers):
        self.ros = ros
        self.codec = codec
        self._plans = consumers
        self._plan = plan or {}
        self._resumes = resumes
        self._priority = priority
        self._carriers = carriers or {}
        self.endpoint = ProcessEndpoint(ros.loop.ros, key=KEY, **self._carriers)
        self.endpoints = {}
        self.readers = {}
        self._all_readers = []
        self._memory = secrets.token_hex(8)
        self._counts = []
        self._incarnations = 0
        self._nodes = {}
        self.start_producer()

    def start_producer(self):
        """Start the producer, or another in the place of one that was killed."""
        node = self._node("producer")
        self.writer = RemoteWriter(node, "producer/out", [
            Consumer(f"{name}/in", f"producer/out → {name}/in", policy, capacity, **self._plan)
            for name, (policy, capacity) in self._plans.items()], self.endpoint,
            Resuming(self.writer.window.sent if self._incarnations > 1 else 0)
            if self._resumes else None)
        self.output = OutputPort(AnyPayload(), [], None, self.codec, self.writer)
        self.consumers = {consumer.name.partition("/")[0]: consumer
                          for consumer in self.writer.consumers}
        return node

    def _node(self, name):
        """Return a new node, in the place of one that is killed."""
        if name in self._nodes:
            self.ros.kill(self._nodes[name])
        self._incarnations += 1
        self._nodes[name] = self.ros.node(f"{name}{self._incarnations}")
        return self._nodes[name]

    @property
    def stats(self):
        return {name: consumer.stats for name, consumer in self.consumers.items()}

    def start(self, *names):
        """Start these consumers, or all; one that is there already is killed."""
        for name in names or self._plans:
            policy, capacity = self._plans[name]
            if name in self.readers:
                self.readers[name].close()
            self.endpoints.setdefault(
                name, ProcessEndpoint(self.ros.loop.ros, key=KEY, **self._carriers))
            self.readers[name] = RemoteReader(
                self._node(name), f"{name}/in", "producer/out",
                self.codec.decode, self.endpoints[name], policy, capacity,
                max(c for _, c in self._plans.values()), self._priority)
            self._all_readers.append(self.readers[name])
            self._counts.append(LastingCounts(self._memory, f"{name}.in"))
            self.readers[name].keep_counts(self._counts[-1])

    def close(self):
        for reader in self._all_readers:
            reader.close()
        for endpoint in (self.endpoint, *self.endpoints.values()):
            endpoint.close()
        for counts in self._counts:
            counts.close()

    def missing(self):
        for reader in self.readers.values():
            reader.announce()
        return self.writer.missing()

    async def rendezvous(self):
        """Wait until everybody has found everybody."""
        await self.ros.until(lambda: not self.missing()
                             and all(reader.connected for reader in self.readers.values()))

    async def put(self, *values):
        for value in values:
            await self.output.send(value)

    async def get(self, name, count):
        return [await self.readers[name].get() for _ in range(count)]

    def in_flight(self, name):
        return self.stats[name].sent - self.readers[name].stats.received

    async def blocked(self, sender, *, sent, name):
        """Wait until the producer has sent ``sent`` items, then give it every chance to go on."""
        while self.stats[name].sent < sent:
            await asyncio.sleep(0.001)
        for _ in range(200):
            await asyncio.sleep(0.0005)
            assert self.stats[name].sent == sent
        assert not sender.done()


@pytest.fixture
def edges(ros_loop):
    """Return ``make(**consumers)``, a producer and consumers that are closed after the test."""
    made = []

    def make(*arguments, **options):
        made.append(Edges(ros_loop, *arguments, **options))
        return made[-1]

    yield make
    for edge in made:
        edge.close()


@pytest.fixture
def impostor(ros_loop):
    """Return ``make(topic, key)``, which sends as a process with that key does."""
    def make(topic, key=KEY):
        publisher = ros_loop.node("impostor").create_publisher(
            UInt8MultiArray, topic, credit_qos() if "_credit" in topic else link_qos(100))
        seal = Seal(key, publisher.topic_name)

        def send(message):
            publisher.publish(seal.seal(message))

        send.heard = lambda: publisher.get_subscription_count() > 0
        return send
    return make
