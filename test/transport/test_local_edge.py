import asyncio
import random

import pytest

from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy


def make(policy=EdgePolicy.LOSSLESS, capacity=2):
    return LocalEdge("a/out → b/in", policy, capacity)


async def settle():
    """Let every task run as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def start(*coroutines):
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    await settle()
    return tasks


def test_values_are_handed_over_by_reference_and_in_order(run_async):
    async def main():
        edge, values = make(capacity=9), [object() for _ in range(5)]
        for value in values:
            await edge.put(value)
        received = [await edge.get() for _ in values]
        assert all(a is b for a, b in zip(received, values))
        assert (edge.stats.sent, edge.stats.received, edge.stats.blocked_s) == (5, 5, 0.0)

    run_async(main())


def test_a_full_lossless_edge_makes_the_sender_wait(run_async):
    async def main():
        edge = make(capacity=2)
        assert edge.offer(1) and edge.offer(2) and not edge.offer(3)
        [sender] = await start(edge.put(3))
        assert not sender.done() and edge.stats.sent == 2
        assert await edge.get() == 1
        await sender
        assert edge.stats.sent == 3 and edge.stats.blocked_s > 0
        assert [await edge.get(), await edge.get()] == [2, 3]

    run_async(main())


@pytest.mark.parametrize("policy, kept, dropped", [
    (EdgePolicy.LATEST, [9], 0), (EdgePolicy.DROP_OLDEST, [8, 9], 8)])
def test_the_other_policies_never_wait(run_async, policy, kept, dropped):
    async def main():
        edge = make(policy)
        assert all(edge.offer(value) for value in range(10))
        assert [await edge.get() for _ in kept] == kept
        assert edge.stats.dropped == dropped
        with pytest.raises(TimeoutError):
            await edge.get(timeout=0)

    run_async(main())


def test_waiting_senders_come_in_turn(run_async):
    async def main():
        edge = make(capacity=1)
        edge.offer(0)
        senders = await start(*(edge.put(i) for i in range(1, 6)))
        received = [await edge.get() for _ in range(6)]
        await asyncio.gather(*senders)
        assert received == [0, 1, 2, 3, 4, 5]

    run_async(main())


def test_nobody_overtakes_a_sender_that_was_woken(run_async):
    async def main():
        edge = make(capacity=1)
        edge.offer("first")
        [waiting] = await start(edge.put("second"))
        assert await edge.get() == "first"  # wakes the sender, which has not run yet
        assert not edge.offer("third")
        [late] = await start(edge.put("third"))
        assert await edge.get() == "second"
        await waiting
        await late
        assert await edge.get() == "third"

    run_async(main())


@pytest.mark.parametrize("already_woken", [False, True])
def test_a_cancelled_sender_neither_sends_nor_blocks_the_next(run_async, already_woken):
    async def main():
        edge = make(capacity=1)
        edge.offer("x")
        cancelled, following = await start(edge.put("cancelled"), edge.put("following"))
        if already_woken:
            assert await edge.get() == "x"
        cancelled.cancel()
        if not already_woken:
            assert await edge.get() == "x"
        await settle()
        assert await edge.get(timeout=10.0) == "following"
        await following
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert edge.stats.sent == 2
        assert edge.offer("room again")

    run_async(main())


def test_a_timeout_waiting_for_a_value(run_async):
    async def main():
        edge = make()
        with pytest.raises(TimeoutError):
            await edge.get(timeout=0.001)
        edge.offer("late")
        assert await edge.get() == "late"

    run_async(main())


@pytest.mark.parametrize("seed", range(20))
def test_many_senders_some_of_which_give_up(run_async, seed):
    """None is lost or doubled, each sender keeps its order, and the edge is never over-full."""
    chance = random.Random(seed)
    capacity = chance.randint(1, 4)

    async def main():
        edge = make(capacity=capacity)
        sent, received = [], []

        async def send(name):
            for number in range(30):
                put = asyncio.ensure_future(edge.put((name, number)))
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
