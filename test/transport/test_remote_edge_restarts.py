"""Edges between processes whose ends come late, are lost, stopped or replaced; and strangers."""

import asyncio
import random

import numpy as np
import pytest
from std_msgs.msg import UInt8MultiArray

from dnne_ros.transport.array_codec import ArrayCodec
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.credit import Credit, credit_topic, link_topic
from dnne_ros.transport.frame import FrameKind, pack_head, parse_head
from dnne_ros.transport.payload import Array, Wire
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.qos import link_qos
from dnne_ros.transport.seal import Seal

DROP_OLDEST, LATEST, LOSSLESS = EdgePolicy.DROP_OLDEST, EdgePolicy.LATEST, EdgePolicy.LOSSLESS
FLOATS = codec_for(Wire(ArrayCodec, "float32"))


class Link:
    """What the frames to the inputs of a process go through; they get lost on it.

    Inputs that connect next get what ``loses(number)`` does not refuse at the time.
    """

    def __init__(self, endpoint):
        self._connect = endpoint.connect
        endpoint.connect = self.connect
        self.loses = lambda number: False
        self.lost, self.passed = [], []

    def connect(self, name, address, on_packet, on_closed):
        def pass_on(packet):
            number = parse_head(packet).number
            lost = self.loses(number)
            (self.lost if lost else self.passed).append(number)
            if not lost:
                on_packet(packet)

        return self._connect(name, address, pass_on, on_closed)


def large(value):
    """Return an array that is large enough for a store."""
    return Array(np.full(40_000, value, np.float32), ("x",))


def test_a_consumer_that_is_replaced_gets_what_was_not_handled(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 8), other=(LOSSLESS, 8))
    edge.start()

    async def main():
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*range(30)))
        other = asyncio.ensure_future(edge.get("other", 30))
        first = await edge.get("reader", 11)
        edge.start("reader")  # the old one is never asked again
        await edge.rendezvous()
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
        await edge.rendezvous()
        await edge.put(*range(6))
        before = await edge.get("reader", 3)
        slow = edge.readers["slow"]
        await ros_loop.until(lambda: slow.stats.depth == 6)
        edge.start_producer()
        await edge.rendezvous()
        # What a consumer has not handled would be lost with it, had its producer not kept it.
        assert edge.output.delivered == (0 if resumes else 6)
        producer = asyncio.ensure_future(edge.put(*range(edge.output.delivered, 9)))
        slow = await edge.get("slow", 9)
        await producer
        return before + await edge.get("reader", 6), slow

    assert ros_loop.run(main()) == (list(range(9)), list(range(9)))


def test_a_resuming_producer_repeats_what_one_consumer_lacks(edges, ros_loop):
    edge = edges(resumes=True, here=(LOSSLESS, 8), behind=(LOSSLESS, 8))
    edge.start()
    behind, link = edge.readers["behind"], Link(edge.endpoints["behind"])

    async def main():
        await edge.rendezvous()
        await edge.put(*range(3))
        await ros_loop.until(lambda: behind.stats.depth == 3)
        link.loses = lambda number: True
        await edge.put(3, 4)
        await ros_loop.until(lambda: edge.readers["here"].stats.depth == 5 and len(link.lost) == 2)
        link.loses = lambda number: False
        edge.start_producer()
        await edge.rendezvous()
        assert edge.output.delivered == 0
        await edge.put(*range(7))
        return await edge.get("here", 7), await edge.get("behind", 7)

    assert ros_loop.run(main()) == (list(range(7)), list(range(7)))
    assert edge.readers["here"].stats.duplicated == 5


def test_a_consumer_that_dies_after_its_producer_gets_what_nobody_has_handled(edges, ros_loop):
    edge = edges(resumes=True, reader=(LOSSLESS, 8))
    edge.start()

    async def main():
        await edge.rendezvous()
        await edge.put(*range(6))
        before = await edge.get("reader", 3)
        edge.start_producer()
        await edge.rendezvous()
        edge.start("reader")
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*range(edge.output.delivered, 9)))
        after = await edge.get("reader", 9 - edge.output.delivered)
        await producer
        return before, after

    before, after = ros_loop.run(main())
    assert before == [0, 1, 2] and after == list(range(after[0], 9)) and after[0] <= 2


def test_what_comes_twice_is_counted_whoever_sends_it_again(edges, ros_loop):
    edge = edges(resumes=True, reader=(LOSSLESS, 8))
    edge.start()

    async def main():
        await edge.rendezvous()
        await edge.put(*range(6))
        before = await edge.get("reader", 4)
        edge.start_producer()
        await edge.rendezvous()
        first = edge.output.delivered
        await edge.put(first)
        edge.start("reader")  # the one before had more than its producer has sent by now
        await edge.rendezvous()
        await edge.put(*range(first + 1, 6))
        return before, await edge.get("reader", 6 - first)

    before, after = ros_loop.run(main())
    assert before == list(range(4)) and after == list(range(after[0], 6)) and after[0] < 4
    stats = edge.readers["reader"].stats
    assert (stats.received, stats.duplicated) == (6, 4 - after[0])


def test_where_both_ends_died_what_may_be_dropped_comes_once_and_is_counted_once(edges, ros_loop):
    edge = edges(resumes=True, kept=(LOSSLESS, 8), reader=(DROP_OLDEST, 8))
    edge.start()
    Link(edge.endpoints["reader"]).loses = lambda number: number == 5

    async def main():
        await edge.rendezvous()
        await edge.put(*range(6))
        before = await edge.get("reader", 5)
        kept = await edge.get("kept", 3)
        edge.start_producer()
        edge.start()
        await edge.rendezvous()
        first = edge.output.delivered
        assert first < 3
        await edge.put(*range(first, 8))
        return (before, kept, await edge.get("reader", 2), first,
                await edge.get("kept", 8 - first))

    before, kept, reader, first, again = ros_loop.run(main())
    assert (before, reader) == ([0, 1, 2, 3, 5], [6, 7])
    assert (kept, again) == ([0, 1, 2], list(range(first, 8)))
    reader, kept = edge.readers["reader"].stats, edge.readers["kept"].stats
    assert (reader.received, reader.duplicated) == (7, 0)
    assert (kept.received, kept.duplicated) == (8, 3 - first)


@pytest.mark.parametrize("policy", [DROP_OLDEST, LATEST])
def test_where_all_may_be_dropped_new_items_have_new_numbers_when_both_ends_died(
        edges, ros_loop, policy):
    edge = edges(reader=(policy, 8))
    edge.start()

    async def main():
        await edge.rendezvous()
        await edge.put(1)
        before = await edge.get("reader", 1)
        edge.start_producer()
        edge.start()
        await edge.rendezvous()
        await edge.put(2)
        return before, await edge.get("reader", 1)

    assert ros_loop.run(main()) == ([1], [2])
    stats = edge.readers["reader"].stats
    assert (stats.received, stats.duplicated) == (2, 0)


def test_what_a_consumer_lacks_is_sent_again(edges, ros_loop):
    edge = edges(plan={"repeat_after": 0.0}, reader=(LOSSLESS, 8))
    edge.start()
    reader, link = edge.readers["reader"], Link(edge.endpoints["reader"])

    async def main():
        await edge.rendezvous()
        link.loses = {2, 3}.__contains__
        await edge.put(*range(5))
        await ros_loop.until(lambda: link.passed[:3] == [1, 4, 5])  # maybe again since then
        assert {*link.lost} == {2, 3} and reader.stats.depth == 1  # 4 and 5 wait for them
        link.loses = lambda number: False
        await ros_loop.until(lambda: reader.announce() or reader.stats.depth == 5)
        return await edge.get("reader", 5)

    assert ros_loop.run(main()) == list(range(5))
    assert reader.stats.lost == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_lost_on_a_link_that_loses_a_third(edges, ros_loop, seed):
    edge = edges(plan={"repeat_after": 0.0}, one=(LOSSLESS, 8), two=(LOSSLESS, 5))
    edge.start()
    links = [Link(endpoint) for endpoint in edge.endpoints.values()]
    dice = random.Random(seed)

    async def keep_saying():
        while True:  # as a process does once a second
            for reader in edge.readers.values():
                reader.announce()
            await asyncio.sleep(0.001)

    async def main():
        await edge.rendezvous()
        for link in links:
            link.loses = lambda number: dice.random() < 1 / 3
        saying = asyncio.ensure_future(keep_saying())
        producer = asyncio.ensure_future(edge.put(*range(300)))
        received = await asyncio.gather(edge.get("one", 300), edge.get("two", 300))
        await producer
        saying.cancel()
        return received

    assert ros_loop.run(main()) == [list(range(300))] * 2
    assert all(link.lost for link in links)
    assert all(reader.stats.lost == 0 for reader in edge.readers.values())


def test_what_may_be_lost_is_not_waited_for(edges, ros_loop):
    edge = edges(recent=(DROP_OLDEST, 50))
    edge.start()
    Link(edge.endpoints["recent"]).loses = lambda number: number % 3 == 0

    async def main():
        await edge.rendezvous()
        await edge.put(*range(1, 21))
        return await edge.get("recent", 14)

    assert ros_loop.run(main()) == [number for number in range(1, 21) if number % 3]


def test_others_go_on_without_a_consumer_that_is_dropped_until_it_is_back(edges, ros_loop):
    edge = edges(here=(LOSSLESS, 4), gone=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*range(20)))
        here = asyncio.ensure_future(edge.get("here", 20))
        await edge.blocked(producer, sent=4, name="gone")
        gone = edge.readers["gone"]
        edge.writer.drop(edge.consumers["gone"])
        await producer
        assert await here == list(range(20))
        before = await edge.get("gone", 4)  # it sends a credit, and so is back
        await ros_loop.until(lambda: gone.announce() or edge.consumers["gone"].received == 20)
        assert not edge.writer.missing()
        await edge.put(20)
        return before, await edge.get("gone", 1), await edge.get("here", 1)

    assert ros_loop.run(main()) == ([0, 1, 2, 3], [20], [20])
    assert edge.stats["gone"].dropped == 16


def test_a_dropped_consumer_that_is_replaced_does_not_stop_the_others(edges, ros_loop):
    edge = edges(here=(LOSSLESS, 4), gone=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*range(10**6)))
        here = asyncio.ensure_future(edge.get("here", 10**6))
        await edge.blocked(producer, sent=4, name="gone")
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
        await edge.rendezvous()
        here = asyncio.ensure_future(edge.get("here", 12))
        producer = asyncio.ensure_future(edge.put(*map(large, range(12))))
        await ros_loop.until(lambda: edge.readers["gone"].stats.depth == 4)
        edge.writer.drop(edge.consumers["gone"])
        await producer
        await here
        return [array.data[0] for array in await edge.get("gone", 4)]

    assert ros_loop.run(main()) == [0, 1, 2, 3]  # their memory was not used again


def test_a_consumer_joins_after_many_items(edges, ros_loop, impostor):
    edge = edges(reader=(LOSSLESS, 4))
    publish = impostor(credit_topic("producer/out"))

    def say():  # as a consumer that had so many from an earlier producer
        stream = edge.writer.missing() and heard[-1].stream if heard else 0
        publish(Credit("reader/in", edge.endpoint.run, 1, stream, 1,
                       *(10**12,) * 3).to_message())

    heard = []
    ros_loop.node("listener").create_subscription(
        UInt8MultiArray, link_topic("producer/out"),
        lambda message: heard.append(parse_head(seal.open(message))), link_qos(4), raw=True)
    seal = Seal(edge.endpoint.key, "/producer/_link/out")

    async def main():
        await ros_loop.until(lambda: say() or any(
            frame.kind == FrameKind.WELCOME for frame in heard))
        assert edge.output.delivered == 10**12
        edge.start("reader")
        await edge.rendezvous()
        await edge.put(5)
        return await edge.get("reader", 1)

    assert ros_loop.run(main()) == [5]


def test_a_late_reader_of_the_latest_value_gets_it(edges, ros_loop):
    edge = edges(newest=(LATEST, 1))
    edge.start()

    async def main():
        await edge.rendezvous()
        await edge.put(1, 2)
        edge.start("newest")
        await edge.rendezvous()
        return await edge.get("newest", 1)

    assert ros_loop.run(main()) == [2]


def test_the_latest_value_that_a_reader_gets_once_more_is_counted(edges, ros_loop):
    edge = edges(reader=(LATEST, 1))
    edge.start()

    async def main():
        await edge.rendezvous()
        await edge.put(7)
        before = await edge.get("reader", 1)
        assert edge.readers["reader"].stats.duplicated == 0
        edge.start("reader")
        await edge.rendezvous()
        return before, await edge.get("reader", 1)

    assert ros_loop.run(main()) == ([7], [7])
    stats = edge.readers["reader"].stats
    assert (stats.received, stats.duplicated) == (1, 1)


def test_frames_of_strangers_and_of_dead_producers_change_nothing(edges, ros_loop, impostor):
    edge = edges(reader=(LOSSLESS, 4))
    edge.start()
    publisher = ros_loop.node("stranger").create_publisher(
        UInt8MultiArray, link_topic("producer/out"), link_qos(4))
    publish = impostor(link_topic("producer/out"))

    async def main():
        await edge.rendezvous()
        await ros_loop.until(lambda: publisher.get_subscription_count() > 0)
        publisher.publish(UInt8MultiArray(data=b"nonsense"))
        publish(b"nonsense")
        publish(pack_head(FrameKind.INLINE, 0, 12345, 1, 0, 8) + bytes(8))
        publish(pack_head(FrameKind.INLINE, 77, 12345, 1, 0, 8) + bytes(8))
        await edge.put(5)
        return await edge.get("reader", 1)

    assert ros_loop.run(main()) == [5]


def test_credits_of_strangers_and_old_ones_change_nothing(edges, ros_loop, impostor):
    edge = edges(reader=(LOSSLESS, 2))
    edge.start()
    publish = impostor(credit_topic("producer/out"))

    async def main():
        await edge.rendezvous()
        await ros_loop.until(publish.heard)
        producer = asyncio.ensure_future(edge.put(*range(4)))
        assert await edge.get("reader", 2) == [0, 1]
        await producer
        reader = edge.consumers["reader"]
        stream, far = reader.stream, (1000, 1000, 1000)
        for credit in (Credit("nobody/in", 0, 1, stream, stream, *far),
                       Credit("reader/in", 0, 0, stream, stream, *far),
                       Credit("reader/in", 7, reader.incarnation, stream, stream, *far),
                       Credit("reader/in", 0, reader.incarnation, stream, stream)):
            publish(credit.to_message())
        publish(codec_for(Wire(ArrayCodec, "uint64")).encode(
            Array(np.zeros(0, np.uint64), ("reader/in",))))
        producer = asyncio.ensure_future(edge.put(4))
        await edge.blocked(producer, sent=4, name="reader")
        received = await edge.get("reader", 3)
        await producer
        return received

    assert ros_loop.run(main()) == [2, 3, 4]


def test_missing_names_who_is_absent(edges, ros_loop):
    edge = edges(here=(LOSSLESS, 3), late=(LOSSLESS, 3), silent=(LATEST, 1))

    async def main():
        assert edge.missing() == ["here/in", "late/in", "silent/in"]
        edge.start("here", "silent")
        await ros_loop.until(lambda: edge.missing() == ["here/in", "late/in", "silent/in"]
                             and all(c.incarnation for c in edge.writer.consumers
                                     if c.name != "late/in"))
        edge.start("late")
        await edge.rendezvous()

    ros_loop.run(main())


def test_hidden_topics_lie_beside_the_data():
    assert credit_topic("/g/ppo_agent_3/policy_output") == "/g/ppo_agent_3/_credit/policy_output"
    assert link_topic("ppo_agent_3/policy_output") == "ppo_agent_3/_link/policy_output"
