import asyncio

import pytest

from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy


def make(policy=EdgePolicy.LOSSLESS, capacity=2, priority=None):
    return LocalEdge("a/out → b/in", policy, capacity, priority)


def test_values_are_handed_over_by_reference_and_in_order(run_async):
    async def main():
        edge, values = make(capacity=9), [object() for _ in range(5)]
        for value in values:
            edge.deliver(value)
        assert edge.stats.depth == 5
        received = [await edge.get() for _ in values]
        assert all(a is b for a, b in zip(received, values))
        assert (edge.stats.sent, edge.stats.received, edge.stats.depth) == (5, 5, 0)
        assert 0 < edge.stats.latency_s <= edge.stats.latency_max_s

    run_async(main())


def test_a_lossless_edge_is_full_at_its_capacity_and_says_when_it_is_not(run_async):
    async def main():
        edge, room = make(capacity=2), []
        edge.notify_room(lambda: room.append(edge.full))
        for value in (1, 2):
            assert not edge.full
            edge.deliver(value)
        assert edge.full
        edge.note_wait(True)
        assert await edge.get() == 1
        assert room == [False] and not edge.full
        edge.note_wait(True)
        assert edge.stats.blocked_s > 0 and edge.stats.blocked_since is None

    run_async(main())


@pytest.mark.parametrize("policy, kept, dropped", [
    (EdgePolicy.LATEST, [9], 0), (EdgePolicy.DROP_OLDEST, [8, 9], 8)])
def test_the_other_policies_are_never_full(run_async, policy, kept, dropped):
    async def main():
        edge = make(policy)
        for value in range(10):
            assert not edge.full
            edge.deliver(value)
        assert [await edge.get() for _ in kept] == kept
        assert edge.stats.dropped == dropped
        with pytest.raises(TimeoutError):
            await edge.get(timeout=0)

    run_async(main())


def test_the_time_blocked_grows_while_it_lasts(run_async):
    async def main():
        edge = make(capacity=1)
        edge.deliver(1)
        edge.note_wait(True)
        before = edge.stats.as_dict()["blocked_s"]
        await asyncio.sleep(0.001)
        assert edge.stats.as_dict()["blocked_s"] >= before + 0.001

    run_async(main())


def test_an_item_is_overtaken_by_fewer_than_the_capacity(run_async):
    async def main():
        edge = make(capacity=4, priority=lambda value: value)
        edge.deliver(99)
        taken = []
        for value in range(20):
            if edge.full:
                break
            edge.deliver(value)
            taken.append(await edge.get())
        assert taken == [0, 1, 2] and await edge.get() == 99

    run_async(main())
