"""Both ends of edges between processes: order, credits, batches, and what makes a sender wait."""

import asyncio

import numpy as np
import pytest

from dnne_ros.transport.array_codec import ArrayCodec
from dnne_ros.transport.codecs import Int64Codec, codec_for
from dnne_ros.transport.payload import Array, Wire
from dnne_ros.transport.policy import EdgePolicy

DROP_OLDEST, LATEST, LOSSLESS = EdgePolicy.DROP_OLDEST, EdgePolicy.LATEST, EdgePolicy.LOSSLESS
FLOATS = codec_for(Wire(ArrayCodec, "float32"))


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
        await edge.rendezvous()
        await asyncio.gather(edge.put(*range(5000)), consume())

    ros_loop.run(main())
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
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*range(20)))
        await edge.blocked(producer, sent=capacity, name="slow")
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
        await edge.rendezvous()
        fast = asyncio.ensure_future(edge.get("fast", 30))
        producer = asyncio.ensure_future(edge.put(*range(30)))
        await edge.blocked(producer, sent=3, name="slow")
        slow = await edge.get("slow", 30)
        await producer
        return await fast, slow

    assert ros_loop.run(main()) == (list(range(30)), list(range(30)))
    assert edge.stats["slow"].blocked_s > 0 and edge.stats["fast"].blocked_s == 0


def test_consumers_that_may_lose_items_hold_nobody_back(edges, ros_loop):
    edge = edges(newest=(LATEST, 4), recent=(DROP_OLDEST, 4), all=(LOSSLESS, 50))
    edge.start()

    async def main():
        await edge.rendezvous()
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


def test_the_first_items_are_held_until_the_consumer_counts_them(edges, ros_loop):
    """A producer that does not wait for `missing` still never exceeds the window."""
    edge = edges(late=(LOSSLESS, 2))

    async def main():
        producer = asyncio.ensure_future(edge.put(*range(5)))
        await edge.blocked(producer, sent=2, name="late")
        producer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await producer

    ros_loop.run(main())


def test_several_senders_of_one_output_keep_their_own_order(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 2))
    edge.start()

    async def main():
        await edge.rendezvous()
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
        await edge.rendezvous()
        await edge.put(1)
        given_up = asyncio.ensure_future(edge.put(2))
        following = asyncio.ensure_future(edge.put(3))
        await edge.blocked(following, sent=1, name="reader")
        given_up.cancel()
        return await edge.get("reader", 2)

    assert ros_loop.run(main()) == [1, 3]


def test_arrays_of_some_size(edges, ros_loop):
    edge = edges(FLOATS, reader=(LOSSLESS, 3))
    edge.start()
    values = [np.full((300, 1000), i, np.float32) for i in range(10)]

    async def main():
        await edge.rendezvous()
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
        await edge.rendezvous()
        with pytest.raises(TimeoutError):
            await edge.readers["reader"].get(timeout=0.01)
        await edge.put(5)
        return await edge.get("reader", 1)

    assert ros_loop.run(main()) == [5]


def test_the_most_urgent_item_is_taken_first(edges, ros_loop):
    edge = edges(priority=lambda value: value // 10, reader=(LOSSLESS, 8))
    edge.start()

    async def main():
        await edge.rendezvous()
        await edge.put(31, 12, 32, 5, 11)
        await ros_loop.until(lambda: edge.readers["reader"].stats.depth == 5)
        return await edge.get("reader", 5)

    assert ros_loop.run(main()) == [5, 12, 11, 31, 32]


@pytest.mark.parametrize("batch", [11, 12, 40])
def test_a_batch_may_be_larger_than_the_window(edges, ros_loop, batch):
    edge = edges(reader=(LOSSLESS, 12))
    edge.start()

    async def main():
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*range(3 * batch)))
        received = [await edge.readers["reader"].get_batch(batch) for _ in range(3)]
        await producer
        return received

    received = ros_loop.run(main())
    assert [len(items) for items in received] == [batch] * 3
    assert [item for items in received for item in items] == list(range(3 * batch))


def test_a_batch_of_more_bytes_than_may_be_on_their_way(edges, ros_loop):
    edge = edges(FLOATS, plan={"bytes_in_flight": 600_000}, reader=(LOSSLESS, 100))
    edge.start()

    async def main():
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*(
            Array(np.full(40_000, value, np.float32), ("x",)) for value in range(20))))
        batch = await edge.readers["reader"].get_batch(20)
        await producer
        return [array.data[0] for array in batch]

    assert ros_loop.run(main()) == list(range(20))


def test_a_batch_that_is_given_up_loses_nothing(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 12))
    edge.start()

    async def main():
        await edge.rendezvous()
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


def test_an_item_that_cannot_be_read_is_the_nodes_affair(edges, ros_loop):
    class Choosy(Int64Codec):
        def decode(self, message):
            value = super().decode(message)
            if value == 3:
                raise ValueError("cannot be read")
            return value

    edge = edges(codec_for(Wire(Choosy)), reader=(LOSSLESS, 4))
    edge.start()
    reader = edge.readers["reader"]

    async def main():
        await edge.rendezvous()
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
        await edge.rendezvous()
        await edge.put(1)
        with pytest.raises((KeyError, ValueError)):
            await edge.readers["reader"].get()

    ros_loop.run(main())


def test_a_consumer_says_something_back_while_there_is_a_channel(edges, ros_loop):
    edge = edges(trainer=(LATEST, 1))
    heard = []
    edge.writer.on_feedback = heard.append
    edge.start()
    reader = edge.readers["trainer"]
    lost = []
    reader.notify_channel_lost(lambda: lost.append(True))
    assert not reader.send_feedback(b"too early")

    async def main():
        await edge.rendezvous()
        await edge.put(1)
        assert await edge.get("trainer", 1) == [1]
        for number in range(3):
            assert reader.send_feedback(b"weights %d" % number)
        assert not reader.send_feedback(bytes(2**20))  # the topic is for what is so large
        while len(heard) < 3:
            await asyncio.sleep(0)
        await edge.put(2)  # credits go on beside it
        assert await edge.get("trainer", 1) == [2]
        edge.endpoint.close()
        while not lost:
            await asyncio.sleep(0)

    ros_loop.run(main())
    assert heard == [b"weights 0", b"weights 1", b"weights 2"]
    assert not reader.send_feedback(b"too late")
