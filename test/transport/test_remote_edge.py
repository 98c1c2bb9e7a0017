"""Both ends of DDS edges in one process: order, credits, gaps, and who is missing."""

import asyncio

import numpy as np
import pytest

from dnne_ros.node_api.port_types import AnyValue
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.transport import consumer, remote_writer, unix_channel
from dnne_ros.transport.array_codec import ArrayCodec
from dnne_ros.transport.codecs import Int64Codec, codec_for
from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.credit import Credit, credit_qos, credit_topic, link_topic
from dnne_ros.transport.frame import FrameKind, pack_head
from dnne_ros.transport.payload import Array, Wire
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.process_endpoint import ProcessEndpoint
from dnne_ros.transport.qos import link_qos
from dnne_ros.transport.remote_reader import RemoteReader
from dnne_ros.transport.remote_writer import RemoteWriter

LOSSLESS, LATEST, DROP_OLDEST = EdgePolicy.LOSSLESS, EdgePolicy.LATEST, EdgePolicy.DROP_OLDEST
CODEC = codec_for(Wire(Int64Codec))
FLOATS = codec_for(Wire(ArrayCodec, "float32"))


def large(value):
    """Return an array that is sent through shared memory."""
    return Array(np.full(20_000, value, np.float32), ("x",))


class AnyPayload(AnyValue):
    """Values that are payloads already."""

    def pack(self, value):
        return value


class Edges:
    """A producer and its consumers, each on a node of its own."""

    def __init__(self, ros, codec=CODEC, resumes=False, priority=None, **consumers):
        self.ros = ros
        self.codec = codec
        self._plans = consumers
        self._resumes = resumes
        self._priority = priority
        self.exchange = ProcessEndpoint(ros.loop.ros)
        self.readers = {}
        self._all_readers = []
        self._incarnations = 0
        self.start_producer()

    def start_producer(self):
        """Start the producer, or another in its place."""
        self._incarnations += 1
        node = self.ros.node(f"producer{self._incarnations}")
        self.writer = RemoteWriter(node, "producer/out", [
            Consumer(f"{name}/in", f"producer/out → {name}/in", policy, capacity)
            for name, (policy, capacity) in self._plans.items()], self.exchange,
            self._resumes)
        self.output = OutputPort(AnyPayload(), [], None, self.codec, self.writer)
        self.consumers = {consumer.name.partition("/")[0]: consumer
                          for consumer in self.writer.consumers}
        return node

    @property
    def stats(self):
        return {name: consumer.stats for name, consumer in self.consumers.items()}

    def start(self, *names):
        """Start these consumers, or all; one that is there already is replaced."""
        for name in names or self._plans:
            policy, capacity = self._plans[name]
            self._incarnations += 1
            self.readers[name] = RemoteReader(
                self.ros.node(f"{name}{self._incarnations}"), f"{name}/in", "producer/out",
                self.codec.decode, self.exchange, policy, capacity,
                max(c for _, c in self._plans.values()), self._priority)
            self._all_readers.append(self.readers[name])

    def close(self):
        for reader in self._all_readers:
            reader.close()
        self.exchange.close()

    def missing(self):
        for reader in self.readers.values():
            reader.announce()
        return self.writer.missing()

    async def meet(self):
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


@pytest.fixture
def edges(ros_loop):
    made = []

    def make(*arguments, **options):
        made.append(Edges(ros_loop, *arguments, **options))
        return made[-1]

    yield make
    for edge in made:
        edge.close()


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


def test_missing_names_who_is_absent(edges, ros_loop):
    edge = edges(here=(LOSSLESS, 3), late=(LOSSLESS, 3), silent=(LATEST, 1))

    async def main():
        assert edge.missing() == ["here/in", "late/in", "silent/in"]
        edge.start("here", "silent")
        await ros_loop.until(lambda: edge.missing() == ["here/in", "late/in", "silent/in"]
                             and all(c.incarnation for c in edge.writer.consumers
                                     if c.name != "late/in"))
        edge.start("late")
        await edge.meet()

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
    edge = edges(codec_for(Wire(ArrayCodec, "float32")), reader=(LOSSLESS, 3))
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


def test_an_output_of_several_megabytes_goes_through_shared_memory(edges, ros_loop, monkeypatch):
    monkeypatch.setattr(consumer, "BYTES_IN_FLIGHT", 20_000_000)
    edge = edges(codec_for(Wire(ArrayCodec, "float32")), fast=(LOSSLESS, 100),
                 slow=(LOSSLESS, 100), newest=(LATEST, 1))
    edge.start()
    values = [np.full(2_000_000, i, np.float32) for i in range(12)]

    async def main():
        await edge.meet()
        producer = asyncio.ensure_future(edge.put(*(Array(value, ("x",)) for value in values)))
        fast = asyncio.ensure_future(edge.get("fast", 12))
        await blocked(producer, edge, sent=3, name="slow")  # 8 MB each: the fourth has no room
        assert all(kept.slot is not None for kept in edge.writer._kept._items)
        slow = await edge.get("slow", 12)
        await producer
        return await fast, slow, await edge.get("newest", 1)

    for received in ros_loop.run(main())[:2]:
        assert [array.data[-1] for array in received] == list(range(12))
    assert len(edge.exchange.pool._used) + len(edge.exchange.pool._spare) <= 9


def test_without_shared_memory_it_goes_through_dds(edges, ros_loop):
    edge = edges(codec_for(Wire(ArrayCodec, "float32")), reader=(LOSSLESS, 3))
    edge.exchange.pool.close()
    edge.start()
    values = [np.full(100_000, i, np.float32) for i in range(6)]

    async def main():
        await edge.meet()
        producer = asyncio.ensure_future(edge.put(*(Array(value, ("x",)) for value in values)))
        received = await edge.get("reader", 6)
        await producer
        return received

    assert [array.data[0] for array in ros_loop.run(main())] == list(range(6))


def test_the_most_urgent_item_is_taken_first(edges, ros_loop):
    edge = edges(priority=lambda value: value // 10, reader=(LOSSLESS, 8))
    edge.start()

    async def main():
        await edge.meet()
        await edge.put(31, 12, 32, 5, 11)
        await ros_loop.until(lambda: edge.readers["reader"].stats.depth == 5)
        return await edge.get("reader", 5)

    assert ros_loop.run(main()) == [5, 12, 11, 31, 32]


def test_a_consumer_that_is_replaced_gets_what_was_not_handled(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 8), other=(LOSSLESS, 8))
    edge.start()

    async def main():
        await edge.meet()
        producer = asyncio.ensure_future(edge.put(*range(30)))
        other = asyncio.ensure_future(edge.get("other", 30))
        first = await edge.get("reader", 11)
        edge.start("reader")  # the old one is never asked again
        await edge.meet()
        again = await edge.get("reader", 1)
        rest = await edge.get("reader", 30 - 1 - again[0])
        await producer
        return first, again + rest, await other

    first, second, other = ros_loop.run(main())
    assert first == list(range(11)) and other == list(range(30))
    # Everything that it had not said to have handled comes again, the item in its hands too.
    assert second == list(range(second[0], 30)) and second[0] <= 10
    stats = edge.readers["reader"].stats
    assert stats.duplicated >= 11 - second[0] and stats.received == 30 and stats.lost == 0


@pytest.mark.parametrize("resumes", [True, False])
def test_a_producer_that_is_replaced_goes_on(edges, ros_loop, resumes):
    edge = edges(resumes=resumes, reader=(LOSSLESS, 8), slow=(LOSSLESS, 8))
    edge.start()

    async def main():
        await edge.meet()
        await edge.put(*range(6))
        before = await edge.get("reader", 3)
        slow = edge.readers["slow"]
        await ros_loop.until(lambda: slow.stats.depth == 6)
        edge.start_producer()
        await edge.meet()
        assert edge.output.delivered == 6
        producer = asyncio.ensure_future(edge.put(*range(edge.output.delivered, 9)))
        slow = await edge.get("slow", 9)
        await producer
        return before + await edge.get("reader", 6), slow

    assert ros_loop.run(main()) == (list(range(9)), list(range(9)))


def test_a_resuming_producer_repeats_what_one_consumer_lacks(edges, ros_loop):
    edge = edges(resumes=True, here=(LOSSLESS, 8), behind=(LOSSLESS, 8))
    edge.start()
    behind = edge.readers["behind"]

    async def main():
        await edge.meet()
        await edge.put(*range(3))
        await ros_loop.until(lambda: behind.stats.depth == 3)
        receive, behind._receive = behind._receive, lambda *_: None  # what it is sent, is lost
        await edge.put(3, 4)
        await ros_loop.until(lambda: edge.readers["here"].stats.depth == 5)
        behind._receive = receive
        edge.start_producer()
        await edge.meet()
        assert edge.output.delivered == 3
        await edge.put(*range(3, 7))
        return await edge.get("here", 7), await edge.get("behind", 7)

    assert ros_loop.run(main()) == (list(range(7)), list(range(7)))
    assert edge.readers["here"].stats.duplicated == 2


def test_what_a_consumer_lacks_is_sent_again(edges, ros_loop, monkeypatch):
    monkeypatch.setattr(remote_writer, "_REPEAT_SECONDS", 0.0)
    edge = edges(reader=(LOSSLESS, 8))
    edge.start()
    reader = edge.readers["reader"]

    async def main():
        await edge.meet()
        receive = reader._receive
        reader._receive = lambda frame, message: frame.number in (2, 3) or receive(frame, message)
        await edge.put(*range(5))
        await ros_loop.until(lambda: len(reader._early) == 2)
        reader._receive = receive
        await ros_loop.until(lambda: reader.announce() or reader.stats.depth == 5)
        return await edge.get("reader", 5)

    assert ros_loop.run(main()) == list(range(5))
    assert reader.stats.lost == 0


def test_others_go_on_without_a_consumer_that_is_dropped_until_it_is_back(edges, ros_loop):
    edge = edges(here=(LOSSLESS, 4), gone=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.meet()
        producer = asyncio.ensure_future(edge.put(*range(20)))
        here = asyncio.ensure_future(edge.get("here", 20))
        await blocked(producer, edge, sent=4, name="gone")
        gone = edge.readers["gone"]
        receive, gone._receive = gone._receive, lambda *_: None  # what it is sent, is lost
        edge.writer.drop(edge.consumers["gone"])
        await producer
        gone._receive = receive
        assert await here == list(range(20))
        before = await edge.get("gone", 4)
        gone.announce()
        await ros_loop.until(lambda: gone._next == 21 and not edge.writer.missing())
        await edge.put(20)
        return before, await edge.get("gone", 1), await edge.get("here", 1)

    assert ros_loop.run(main()) == ([0, 1, 2, 3], [20], [20])
    assert edge.stats["gone"].dropped == 16


def test_a_dropped_consumer_that_is_replaced_does_not_stop_the_others(edges, ros_loop):
    edge = edges(here=(LOSSLESS, 4), gone=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.meet()
        producer = asyncio.ensure_future(edge.put(*range(10**6)))
        here = asyncio.ensure_future(edge.get("here", 10**6))
        await blocked(producer, edge, sent=4, name="gone")
        edge.writer.drop(edge.consumers["gone"])
        edge.readers["gone"].close()
        edge.start("gone")
        new = edge.readers["gone"]
        await ros_loop.until(lambda: new.announce() or new.connected)
        received = await edge.get("gone", 50)
        producer.cancel()
        here.cancel()
        return received

    received = ros_loop.run(main())
    assert received == list(range(received[0], received[0] + 50))


def test_a_dropped_consumer_reads_what_it_was_sent(edges, ros_loop):
    edge = edges(FLOATS, here=(LOSSLESS, 4), gone=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.meet()
        here = asyncio.ensure_future(edge.get("here", 12))
        producer = asyncio.ensure_future(edge.put(*map(large, range(12))))
        await ros_loop.until(lambda: edge.readers["gone"].stats.depth == 4)
        edge.writer.drop(edge.consumers["gone"])
        await producer
        await here
        return [array.data[0] for array in await edge.get("gone", 4)]

    assert ros_loop.run(main()) == [0, 1, 2, 3]  # their memory was not used again


def test_memory_that_is_gone_does_not_end_the_consumer(edges, ros_loop):
    edge = edges(FLOATS, reader=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.meet()
        edge.writer.send(FLOATS.parts(large(1)))
        edge.exchange.pool.close()  # as when the producer has ended
        with pytest.raises(TimeoutError):
            await edge.readers["reader"].get(timeout=0.1)

    ros_loop.run(main())


def test_a_link_that_is_refused(edges, ros_loop, monkeypatch):
    monkeypatch.setattr(unix_channel, "_is_ours", lambda connection: False)
    edge = edges(reader=(LOSSLESS, 4))
    edge.start()
    reader = edge.readers["reader"]

    async def main():
        await ros_loop.until(lambda: reader.connected or reader.announce())
        await ros_loop.until(lambda: not edge.writer.missing())
        await edge.put(1, 2)
        return await edge.get("reader", 2)

    assert ros_loop.run(main()) == [1, 2]


@pytest.mark.parametrize("batch", [11, 12, 40])
def test_a_batch_may_be_larger_than_the_window(edges, ros_loop, batch):
    edge = edges(reader=(LOSSLESS, 12))
    edge.start()

    async def main():
        await edge.meet()
        producer = asyncio.ensure_future(edge.put(*range(3 * batch)))
        received = [await edge.readers["reader"].get_batch(batch) for _ in range(3)]
        await producer
        return received

    received = ros_loop.run(main())
    assert [len(items) for items in received] == [batch] * 3
    assert [item for items in received for item in items] == list(range(3 * batch))


def test_a_batch_of_more_bytes_than_may_be_on_their_way(edges, ros_loop, monkeypatch):
    monkeypatch.setattr(consumer, "BYTES_IN_FLIGHT", 300_000)
    edge = edges(FLOATS, reader=(LOSSLESS, 100))
    edge.start()

    async def main():
        await edge.meet()
        producer = asyncio.ensure_future(edge.put(*map(large, range(20))))
        batch = await edge.readers["reader"].get_batch(20)
        await producer
        return [array.data[0] for array in batch]

    assert ros_loop.run(main()) == list(range(20))


def test_a_batch_that_is_given_up_loses_nothing(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 12))
    edge.start()

    async def main():
        await edge.meet()
        reader = edge.readers["reader"]
        await edge.put(0, 1, 2)
        await ros_loop.until(lambda: reader.stats.depth == 3)
        batch = asyncio.ensure_future(reader.get_batch(5))
        await asyncio.sleep(0)
        batch.cancel()
        await asyncio.wait([batch])
        await edge.put(3)
        return [await reader.get()] + await reader.get_batch(3)

    assert ros_loop.run(main()) == [0, 1, 2, 3]


def test_a_consumer_joins_after_many_items(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.meet()
        consumer = edge.consumers["reader"]
        edge.writer._sent = consumer.received = consumer.taken = consumer.handled = 10**12
        edge.start("reader")
        reader = edge.readers["reader"]
        await ros_loop.until(lambda: reader.announce() or reader._next > 10**12)

    ros_loop.run(main(), timeout=20)


def test_large_frames_to_several_without_shared_memory(edges, ros_loop):
    edge = edges(FLOATS, **{f"reader{number}": (LOSSLESS, 10) for number in range(4)})
    edge.exchange.pool.close()
    edge.start()

    async def main():
        await edge.meet()
        producer = asyncio.ensure_future(edge.put(*map(large, range(60))))
        received = await asyncio.gather(*(edge.get(name, 60) for name in edge.readers))
        await producer
        return received

    for arrays in ros_loop.run(main(), timeout=30):  # nobody tells them that something is lacking
        assert [array.data[0] for array in arrays] == list(range(60))


def test_an_item_that_cannot_be_read_is_the_nodes_affair(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 4))
    edge.start()
    reader = edge.readers["reader"]
    decode = reader._decode

    def choosy(message):
        value = decode(message)
        if value == 3:
            raise ValueError("cannot be read")
        return value

    reader._decode = choosy

    async def main():
        await edge.meet()
        producer = asyncio.ensure_future(edge.put(*range(40)))
        received = []
        while len(received) < 39:
            try:
                received.append(await reader.get())
            except ValueError as error:
                assert str(error) == "cannot be read"
        await producer
        return received

    assert ros_loop.run(main()) == [*range(3), *range(4, 40)]


@pytest.mark.parametrize("priority", [lambda value: {}[value], lambda value: float("nan")])
def test_a_priority_that_fails_is_the_nodes_affair(edges, ros_loop, priority):
    edge = edges(priority=priority, reader=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.meet()
        await edge.put(1)
        with pytest.raises((KeyError, ValueError)):
            await edge.readers["reader"].get()

    ros_loop.run(main())


def test_a_late_reader_of_the_latest_value_gets_it(edges, ros_loop):
    edge = edges(newest=(LATEST, 1))
    edge.start()

    async def main():
        await edge.meet()
        await edge.put(1, 2)
        edge.start("newest")
        await edge.meet()
        return await edge.get("newest", 1)

    assert ros_loop.run(main()) == [2]


def test_frames_of_strangers_and_of_dead_producers_change_nothing(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 4))
    edge.start()
    node = ros_loop.node("stranger")
    from std_msgs.msg import UInt8MultiArray
    publisher = node.create_publisher(UInt8MultiArray, link_topic("producer/out"), link_qos(4))

    async def main():
        await edge.meet()
        await ros_loop.until(lambda: publisher.get_subscription_count() > 0)
        publisher.publish(UInt8MultiArray(data=b"nonsense"))
        publisher.publish(pack_head(FrameKind.INLINE, 0, 12345, 1, 0, 8) + bytes(8))
        publisher.publish(pack_head(FrameKind.INLINE, 77, 12345, 1, 0, 8) + bytes(8))
        await edge.put(5)
        return await edge.get("reader", 1)

    assert ros_loop.run(main()) == [5]


def test_credits_of_strangers_and_old_ones_change_nothing(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 2))
    edge.start()
    publisher = ros_loop.node("stranger").create_publisher(
        codec_for(Wire(ArrayCodec, "uint64")).message_type(), credit_topic("producer/out"),
        credit_qos())

    async def main():
        await edge.meet()
        await ros_loop.until(lambda: publisher.get_subscription_count() > 0)
        producer = asyncio.ensure_future(edge.put(*range(4)))
        assert await edge.get("reader", 2) == [0, 1]
        await producer
        reader = edge.consumers["reader"]
        stream, far = reader.stream, (1000, 1000, 1000)
        for credit in (Credit("nobody/in", 0, 1, stream, stream, *far),
                       Credit("reader/in", 0, 0, stream, stream, *far),
                       Credit("reader/in", 7, reader.incarnation, stream, stream, *far),
                       Credit("reader/in", 0, reader.incarnation, stream, stream)):
            publisher.publish(credit.to_message())
        publisher.publish(codec_for(Wire(ArrayCodec, "uint64")).encode(
            Array(np.zeros(0, np.uint64), ("reader/in",))))
        producer = asyncio.ensure_future(edge.put(4))
        await blocked(producer, edge, sent=4, name="reader")
        received = await edge.get("reader", 3)
        await producer
        return received

    assert ros_loop.run(main()) == [2, 3, 4]


def test_hidden_topics_lie_beside_the_data():
    assert credit_topic("/g/ppo_agent_3/policy_output") == "/g/ppo_agent_3/_credit/policy_output"
    assert link_topic("ppo_agent_3/policy_output") == "ppo_agent_3/_link/policy_output"
