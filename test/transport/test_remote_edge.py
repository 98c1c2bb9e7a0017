"""Both ends of DDS edges in one process: order, credits, gaps, and who is missing."""

import asyncio

import numpy as np
import pytest

from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.credit import Credit, credit_qos, credit_topic
from dnne_ros.transport.payload import Array, Wire
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.qos import data_qos
from dnne_ros.transport.remote_reader import RemoteReader
from dnne_ros.transport.remote_writer import Consumer, RemoteWriter

LOSSLESS, LATEST, DROP_OLDEST = EdgePolicy.LOSSLESS, EdgePolicy.LATEST, EdgePolicy.DROP_OLDEST
CODEC = codec_for(Wire("int64"))


class Edges:
    """A producer and its consumers, each on a node of its own."""

    def __init__(self, ros, codec=CODEC, **consumers):
        self.ros = ros
        self.codec = codec
        self._qos = data_qos({policy for policy, _ in consumers.values()},
                             max(capacity for _, capacity in consumers.values()))
        self._plans = consumers
        node = ros.node("producer")
        self.publisher = node.create_publisher(codec.message_type(), "producer/out", self._qos)
        self.writer = RemoteWriter(node, self.publisher, "producer/out", [
            Consumer(f"{name}/in", f"producer/out → {name}/in", policy, capacity)
            for name, (policy, capacity) in consumers.items()])
        self.stats = {consumer.name.partition("/")[0]: consumer.stats
                      for consumer in self.writer.consumers}
        self.readers = {}

    def start(self, *names):
        """Start these consumers, or all."""
        for name in names or self._plans:
            policy, capacity = self._plans[name]
            self.readers[name] = RemoteReader(
                self.ros.node(name), f"{name}/in", "producer/out", self.codec, policy, capacity,
                self._qos, self.ros.loop.ros.count_arrival)

    async def meet(self):
        """Wait until everybody has found everybody."""
        await self.ros.until(lambda: all(r.connected for r in self.readers.values()))
        for reader in self.readers.values():
            reader.announce()
        await self.ros.until(lambda: not self.writer.missing())

    async def put(self, *values):
        for value in values:
            await self.writer.put(self.codec.encode(value))

    async def get(self, name, count):
        return [await self.readers[name].get() for _ in range(count)]

    def in_flight(self, name):
        return self.stats[name].sent - self.readers[name].stats.received


@pytest.fixture
def edges(ros_loop):
    return lambda *arguments, **consumers: Edges(ros_loop, *arguments, **consumers)


async def blocked(writer_task, edge, *, sent, name):
    """Wait until the producer has sent ``sent`` items, then give it every chance to send more."""
    while edge.stats[name].sent < sent:
        await asyncio.sleep(0.001)
    for _ in range(200):
        await asyncio.sleep(0.0005)
        assert edge.stats[name].sent == sent
    assert not writer_task.done()


def test_five_thousand_items_in_order_through_a_window_of_seven(edges, ros_loop):
    edge = edges(slow=(LOSSLESS, 7))
    edge.start()
    received, most = [], 0

    async def consume():
        nonlocal most
        for _ in range(5000):
            most = max(most, edge.in_flight("slow"))
            received.append(await edge.readers["slow"].get())

    async def main():
        await edge.meet()
        await asyncio.gather(edge.put(*range(5000)), consume())

    ros_loop.run(main(), timeout=120)
    assert received == list(range(5000))
    stats = edge.readers["slow"].stats
    assert (stats.received, stats.lost, stats.duplicated, stats.dropped) == (5000, 0, 0, 0)
    assert edge.stats["slow"].sent == 5000
    assert 1 <= most <= 7


@pytest.mark.parametrize("capacity", [1, 2, 5])
def test_a_consumer_that_does_not_take_blocks_the_producer(edges, ros_loop, capacity):
    edge = edges(slow=(LOSSLESS, capacity))
    edge.start()

    async def main():
        await edge.meet()
        producer = asyncio.ensure_future(edge.put(*range(20)))
        await blocked(producer, edge, sent=capacity, name="slow")
        received = []
        for _ in range(20):
            received += await edge.get("slow", 1)
            assert edge.in_flight("slow") <= capacity
        await producer
        return received

    assert ros_loop.run(main()) == list(range(20))
    assert edge.stats["slow"].blocked_s > 0


def test_the_slowest_of_two_consumers_counts(edges, ros_loop):
    edge = edges(fast=(LOSSLESS, 10), slow=(LOSSLESS, 3))
    edge.start()

    async def main():
        await edge.meet()
        fast = asyncio.ensure_future(edge.get("fast", 30))
        producer = asyncio.ensure_future(edge.put(*range(30)))
        await blocked(producer, edge, sent=3, name="slow")
        slow = await edge.get("slow", 30)
        await producer
        return await fast, slow

    assert ros_loop.run(main()) == (list(range(30)), list(range(30)))
    assert edge.stats["slow"].blocked_s > 0 and edge.stats["fast"].blocked_s == 0


def test_consumers_that_may_lose_items_hold_nobody_back(edges, ros_loop):
    edge = edges(newest=(LATEST, 4), recent=(DROP_OLDEST, 4), all=(LOSSLESS, 50))
    edge.start()

    async def main():
        await edge.meet()
        await edge.put(*range(50))
        assert await edge.get("all", 50) == list(range(50))
        await edge.put(99)
        return (await edge.get("all", 1), await newest(edge, "newest"),
                await newest(edge, "recent"))

    async def newest(edge, name):
        while True:
            [value] = await edge.get(name, 1)
            if value == 99:
                return value

    assert ros_loop.run(main()) == ([99], 99, 99)
    assert edge.readers["recent"].stats.dropped > 0


def test_a_plain_subscriber_holds_nobody_back(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 3))
    edge.start()
    ros_loop.node("echo").create_subscription(
        CODEC.message_type(), "producer/out", lambda message: None, 1)

    async def main():
        await edge.meet()
        producer = asyncio.ensure_future(edge.put(*range(100)))
        received = await edge.get("reader", 100)
        await producer
        return received

    assert ros_loop.run(main()) == list(range(100))


def test_missing_names_who_is_absent(edges, ros_loop):
    edge = edges(here=(LOSSLESS, 3), late=(LOSSLESS, 3), silent=(LATEST, 1))

    async def main():
        assert edge.writer.missing() == ["here/in", "late/in", "silent/in"]
        edge.start("here", "silent")
        await ros_loop.until(lambda: all(r.connected for r in edge.readers.values()))
        edge.readers["here"].announce()
        await ros_loop.until(lambda: edge.writer.missing() == ["late/in", "silent/in"])
        edge.start("late")
        await edge.meet()
        assert edge.writer.missing() == []

    ros_loop.run(main())


def test_the_first_items_are_held_until_the_consumer_counts_them(edges, ros_loop):
    """A producer that does not wait for `missing` still never exceeds the window."""
    edge = edges(late=(LOSSLESS, 2))

    async def main():
        producer = asyncio.ensure_future(edge.put(*range(5)))
        await blocked(producer, edge, sent=2, name="late")
        producer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await producer

    ros_loop.run(main())


def test_several_senders_of_one_output_keep_their_own_order(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 2))
    edge.start()

    async def main():
        await edge.meet()
        senders = [asyncio.ensure_future(edge.put(*range(start, start + 40)))
                   for start in (0, 1000, 2000)]
        received = await edge.get("reader", 120)
        await asyncio.gather(*senders)
        return received

    received = ros_loop.run(main())
    assert len(set(received)) == 120
    for start in (0, 1000, 2000):
        mine = [value for value in received if start <= value < start + 1000]
        assert mine == list(range(start, start + 40))


def test_a_cancelled_producer_frees_its_place(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 1))
    edge.start()

    async def main():
        await edge.meet()
        await edge.put(1)
        given_up = asyncio.ensure_future(edge.put(2))
        following = asyncio.ensure_future(edge.put(3))
        await blocked(following, edge, sent=1, name="reader")
        given_up.cancel()
        return await edge.get("reader", 2)

    assert ros_loop.run(main()) == [1, 3]


def test_arrays_of_some_size(edges, ros_loop):
    edge = edges(codec_for(Wire("array", "float32")), reader=(LOSSLESS, 3))
    edge.start()
    values = [np.full((300, 1000), i, np.float32) for i in range(10)]

    async def main():
        await edge.meet()
        producer = asyncio.ensure_future(edge.put(*(Array(v, ("env", "x")) for v in values)))
        received = await edge.get("reader", len(values))
        await producer
        return received

    for array, value in zip(ros_loop.run(main()), values):
        assert np.array_equal(array.data, value) and array.axes == ("env", "x")


def test_an_input_that_waits_in_vain(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 3))
    edge.start()

    async def main():
        await edge.meet()
        with pytest.raises(TimeoutError):
            await edge.readers["reader"].get(timeout=0.01)
        await edge.put(5)
        return await edge.get("reader", 1)

    assert ros_loop.run(main()) == [5]


def test_gaps_and_repetitions_are_counted(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 9))
    edge.start()
    reader = edge.readers["reader"]
    for number, value in ((1, 10), (2, 20), (2, 20), (5, 50), (3, 30), (6, 60)):
        reader._on_message(CODEC.encode(value), {"publication_sequence_number": number})

    assert ros_loop.run(edge.get("reader", 4)) == [10, 20, 50, 60]
    assert (reader.stats.lost, reader.stats.duplicated) == (2, 2)


def test_credits_of_strangers_and_old_ones_change_nothing(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 2))
    edge.start()
    publisher = ros_loop.node("stranger").create_publisher(
        codec_for(Wire("array", "uint64")).message_type(), credit_topic("producer/out"),
        credit_qos())

    async def main():
        await edge.meet()
        await ros_loop.until(lambda: publisher.get_subscription_count() > 0)
        producer = asyncio.ensure_future(edge.put(*range(4)))
        assert await edge.get("reader", 2) == [0, 1]
        await producer
        for credit in (Credit("nobody/in", 1000), Credit("reader/in", 0)):
            publisher.publish(credit.to_message())
        publisher.publish(codec_for(Wire("array", "uint64")).encode(
            Array(np.zeros(0, np.uint64), ("reader/in",))))
        producer = asyncio.ensure_future(edge.put(4))
        await blocked(producer, edge, sent=4, name="reader")
        received = await edge.get("reader", 3)
        await producer
        return received

    assert ros_loop.run(main()) == [2, 3, 4]


def test_the_credit_topic_is_hidden_beside_the_data():
    assert credit_topic("/g/ppo_agent_3/policy_output") == "/g/ppo_agent_3/_credit/policy_output"
