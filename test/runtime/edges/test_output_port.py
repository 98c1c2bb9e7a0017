"""Senders of one output: turns, room at every consumer, time limits."""

import asyncio
import random
import re

import pytest
import torch

from dnne_ros.node_api.port_types import AnyValue, Dict, Image, PortType, Tensor
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.transport.codecs import StringCodec
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy


def make(*capacities, policy=EdgePolicy.LOSSLESS):
    edges = [LocalEdge(f"a/out → {name}/in", policy, capacity)
             for name, capacity in zip("bcd", capacities)]
    return OutputPort(AnyValue(), edges, None, None, None), *edges


async def start(*coroutines):
    """Begin these and let every task run as far as it can."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    for _ in range(20):
        await asyncio.sleep(0)
    return tasks


def test_a_full_edge_makes_the_sender_wait(run_async):
    async def main():
        output, edge = make(2)
        await output.send(1)
        await output.send(2)
        [sender] = await start(output.send(3))
        assert not sender.done() and edge.stats.sent == 2
        assert await edge.get() == 1
        await sender
        assert edge.stats.sent == 3 and edge.stats.blocked_s > 0
        assert [await edge.get(), await edge.get()] == [2, 3]

    run_async(main())


def test_all_consumers_get_an_item_at_once_when_the_slowest_has_room(run_async):
    async def main():
        output, fast, slow = make(10, 1)
        await output.send("a")
        [sender] = await start(output.send("b"))
        assert (fast.stats.sent, slow.stats.sent) == (1, 1)
        assert await slow.get() == "a"
        await sender
        assert [await fast.get(), await fast.get(), await slow.get()] == ["a", "b", "b"]
        assert slow.stats.blocked_s > 0 and fast.stats.blocked_s == 0

    run_async(main())


def test_a_time_limit_hands_nothing_to_anybody(run_async):
    async def main():
        output, roomy, full = make(10, 1)
        await output.send(1)
        with pytest.raises(TimeoutError, match="no room"):
            await output.send(2, timeout=0.001)
        assert (roomy.stats.sent, full.stats.sent) == (1, 1)
        assert await full.get() == 1
        await output.send(3, timeout=0)
        assert [await roomy.get(), await roomy.get(), await full.get()] == [1, 3, 3]

    run_async(main())


def test_waiting_senders_come_in_turn(run_async):
    async def main():
        output, edge = make(1)
        await output.send(0)
        senders = await start(*(output.send(i) for i in range(1, 6)))
        received = [await edge.get() for _ in range(6)]
        await asyncio.gather(*senders)
        assert received == [0, 1, 2, 3, 4, 5]

    run_async(main())


def test_nobody_overtakes_a_sender_that_was_woken(run_async):
    async def main():
        output, edge = make(1)
        await output.send("first")
        [waiting] = await start(output.send("second"))
        assert await edge.get() == "first"  # wakes the sender, which has not run yet
        late = asyncio.ensure_future(output.send("third"))
        assert await edge.get() == "second"
        await waiting
        await late
        assert await edge.get() == "third"

    run_async(main())


@pytest.mark.parametrize("already_woken", [False, True])
def test_a_cancelled_sender_neither_sends_nor_blocks_the_next(run_async, already_woken):
    async def main():
        output, edge = make(1)
        await output.send("x")
        cancelled, following = await start(output.send("cancelled"), output.send("following"))
        if already_woken:
            assert await edge.get() == "x"
        cancelled.cancel()
        if not already_woken:
            assert await edge.get() == "x"
        assert await edge.get(timeout=3600.0) == "following"
        await following
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert edge.stats.sent == 2 and edge.stats.blocked_since is None
        await output.send("room again", timeout=0)

    run_async(main())


@pytest.mark.parametrize("seed", range(20))
def test_many_senders_some_of_which_give_up(run_async, seed):
    """None is lost or doubled, each sender keeps its order, and the edge is never over-full."""
    chance = random.Random(seed)
    capacity = chance.randint(1, 4)

    async def main():
        output, edge = make(capacity)
        sent, received = [], []

        async def send(name):
            for number in range(30):
                put = asyncio.ensure_future(output.send((name, number)))
                for _ in range(chance.randint(0, 3)):
                    await asyncio.sleep(0)
                if chance.random() < 0.3:
                    put.cancel()
                try:
                    await put
                except asyncio.CancelledError:
                    continue
                sent.append((name, number))

        async def receive():
            while True:
                received.append(await edge.get())
                assert edge.stats.sent - edge.stats.received <= capacity
                for _ in range(chance.randint(0, 3)):
                    await asyncio.sleep(0)

        receiver = asyncio.ensure_future(receive())
        await asyncio.gather(*(send(name) for name in "abc"))
        while edge.stats.received < edge.stats.sent:
            await asyncio.sleep(0)
        receiver.cancel()
        assert sorted(received) == sorted(sent)
        for name in "abc":
            numbers = [number for source, number in received if source == name]
            assert numbers == sorted(numbers)

    run_async(main())


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_a_send_that_is_cancelled_has_given_nothing(run_async, patience):
    async def main():
        output, edge = make(10**6)
        through = []
        for number in range(300):
            sender = asyncio.ensure_future(output.send(number))
            for _ in range(patience):
                await asyncio.sleep(0)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            if not sender.cancelled():
                through.append(number)
        assert through
        assert [await edge.get() for _ in range(edge.stats.sent)] == through

    run_async(main())


def test_a_source_that_finds_room_lets_others_run(run_async):
    async def main():
        output, _ = make(10**6)
        turns = 0

        async def others():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.ensure_future(others())
        for number in range(1000):
            await output.send(number)
        task.cancel()
        assert turns > 10

    run_async(main())


@pytest.mark.parametrize("capacity", [10, 10**6])
def test_senders_keep_their_order_whenever_the_loop_turns(run_async, capacity):
    async def main():
        output, edge = make(capacity)
        came = []

        async def take():
            while True:
                came.append(await edge.get())

        taker = asyncio.ensure_future(take())
        for first in range(0, 600, 3):
            await asyncio.gather(*(output.send(first + each) for each in range(3)))
        await start()
        taker.cancel()
        assert came == list(range(600))

    run_async(main())


F32 = torch.zeros(2)
QUANTISED = torch.quantize_per_tensor(F32, 0.1, 0, torch.quint8)


@pytest.mark.parametrize("type, good, bad, expected", [
    (Tensor("float32", ("x",)), F32, F32.double(), "expected a tensor of float32, found float64"),
    (Tensor("float32", ("x",)), F32, F32[None], "found shape (1, 2)"),
    (Tensor(), F32, F32.to_sparse(), "layout torch.sparse_coo"),
    (Tensor(), F32, F32.to("meta"), "a meta tensor"), (Tensor(), F32, QUANTISED, "quint8"),
    (Tensor(), F32, [0.0], "expected a tensor, found list"),
    (Image(), F32[None], F32[None].to("meta"), "a meta tensor"),
    (Dict(), {"x": F32}, {"x": F32.to_sparse()}, "layout torch.sparse_coo"),
    (Dict(), {"x": F32}, {"x": [F32.to("meta")]}, "a meta tensor"),
    (Dict(), {"x": F32}, {"x": QUANTISED}, "quint8"),
    (Dict(), {"x": F32}, {"x": F32 + 0j}, "JSON has no such numbers")])
def test_each_value_is_refused_in_its_own_process_that_could_not_leave_it(
        run_async, type, good, bad, expected):
    """Whether it comes first or later."""
    async def main():
        for earlier in ((), (good,)):
            edge = LocalEdge("a/out → b/in", EdgePolicy.LOSSLESS, 10)
            output = OutputPort(type, [edge], None, None, None)
            for value in earlier:
                await output.send(value)
            with pytest.raises(TypeError, match=re.escape(expected)):
                await output.send(bad)
            await output.send(good)
            assert edge.stats.sent == len(earlier) + 1

    run_async(main())


class Odd(PortType):
    name = "ODD"

    def pack(self, value):
        return str(value) if value >= 0 else super().pack(value)


class Writer:
    full, lossless = False, True

    def notify_room(self, on_room):
        pass

    def note_wait(self, waiting):
        pass

    def send(self, parts, tail=b""):
        pass


def test_a_value_that_one_consumer_cannot_have_is_given_to_none(run_async):
    async def main():
        edge = LocalEdge("a/out → b/in", EdgePolicy.LOSSLESS, 10)
        output = OutputPort(Odd(), [edge], None, StringCodec(), Writer())
        with pytest.raises(TypeError, match="a ODD cannot leave its process"):
            await output.send(-1)
        assert edge.stats.sent == edge.stats.depth == 0

    run_async(main())


def test_who_waits_behind_a_value_that_fails_has_its_turn(run_async):
    async def main():
        edge = LocalEdge("a/out → b/in", EdgePolicy.LOSSLESS, 1000)
        output = OutputPort(Odd(), [edge], None, StringCodec(), Writer())
        senders = await start(*(output.send(-1 if number == 1 else number)
                                for number in range(4)))
        await asyncio.wait(senders)
        assert edge.stats.sent == 3
        with pytest.raises(TypeError):
            await senders[1]

    run_async(main())
