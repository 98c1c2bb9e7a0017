import asyncio

import pytest
from hypothesis import given, strategies as st

from dnne_ros.transport.inbox import Inbox, make_inbox
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.stats import EdgeStats


def make(policy, capacity=3, on_taken=None):
    stats = EdgeStats()
    return Inbox(policy, capacity, stats, on_taken), stats


@pytest.mark.parametrize("policy, kept, dropped", [
    (EdgePolicy.LOSSLESS, [0, 1, 2, 3, 4], 0), (EdgePolicy.LATEST, [4], 0),
    (EdgePolicy.DROP_OLDEST, [2, 3, 4], 2)])
def test_what_a_policy_keeps(run_async, policy, kept, dropped):
    inbox, stats = make(policy)
    for item in range(5):
        inbox.offer(item)

    async def take_all():
        return [await inbox.take() for _ in range(len(inbox))]

    assert run_async(take_all()) == kept
    assert (stats.received, stats.dropped) == (len(kept), dropped)


def test_a_reader_waits_for_what_comes(run_async):
    async def main():
        inbox, _ = make(EdgePolicy.LOSSLESS)
        reader = asyncio.ensure_future(inbox.take())
        await asyncio.sleep(0)
        assert not reader.done()
        inbox.offer("a")
        inbox.offer("b")
        return await reader, await inbox.take()

    assert run_async(main()) == ("a", "b")


def test_a_timeout_loses_nothing(run_async):
    async def main():
        inbox, stats = make(EdgePolicy.LOSSLESS)
        with pytest.raises(TimeoutError):
            await inbox.take(timeout=0.001)
        inbox.offer("late")
        assert await inbox.take(timeout=0) == "late"
        with pytest.raises(TimeoutError):
            await inbox.take(timeout=0)
        return stats.received

    assert run_async(main()) == 1


def test_a_cancelled_reader_loses_nothing(run_async):
    async def main():
        inbox, _ = make(EdgePolicy.LOSSLESS)
        for item_came_first in (False, True):
            reader = asyncio.ensure_future(inbox.take())
            await asyncio.sleep(0)
            if item_came_first:
                inbox.offer("kept")
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
        return await inbox.take()

    assert run_async(main()) == "kept"


def test_two_readers_at_once_are_an_error(run_async):
    async def main():
        inbox, _ = make(EdgePolicy.LOSSLESS)
        reader = asyncio.ensure_future(inbox.take())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="read by two"):
            await inbox.take()
        inbox.offer(1)
        return await reader

    assert run_async(main()) == 1


def test_who_wants_to_know_is_told_of_every_item_taken(run_async):
    taken = []
    inbox, _ = make(EdgePolicy.LOSSLESS, on_taken=lambda: taken.append(len(inbox)))
    for item in range(3):
        inbox.offer(item)

    async def main():
        for _ in range(3):
            await inbox.take()

    run_async(main())
    assert taken == [2, 1, 0]


@pytest.mark.parametrize("came, wanted, batch", [(5, 3, [0, 1, 2]), (2, 3, [0, 1]), (0, 3, [])])
def test_a_batch_is_what_came_in_time(run_async, came, wanted, batch):
    async def main():
        inbox, stats = make(EdgePolicy.LOSSLESS)
        for item in range(came):
            inbox.offer(item)
        assert await inbox.take_batch(wanted, timeout=0.001) == batch
        assert stats.received == len(batch)

    run_async(main())


def test_a_batch_waits_until_it_is_full(run_async):
    async def main():
        inbox, _ = make(EdgePolicy.LOSSLESS)
        reader = asyncio.ensure_future(inbox.take_batch(3))
        for item in range(4):
            await asyncio.sleep(0)
            assert not reader.done()
            inbox.offer(item)
            if item == 2:
                break
        assert await reader == [0, 1, 2]

    run_async(main())


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=60))
def test_priorities_order_as_a_stable_sort_of_what_waits(steps):
    stats = EdgeStats()
    inbox = make_inbox(EdgePolicy.LOSSLESS, 100, stats, priority=lambda item: item[0])
    waiting, came = [], 0

    async def main():
        nonlocal came
        for priority, takes in steps:
            inbox.offer((priority, came))
            waiting.append((priority, came))
            came += 1
            assert inbox.span() == came - min(number for _, number in waiting)
            if takes:
                waiting.sort()
                assert await inbox.take() == waiting.pop(0)

    asyncio.run(main())
    assert len(inbox) == len(waiting) and inbox.span() >= len(inbox)


def test_only_a_lossless_edge_has_priorities():
    with pytest.raises(ValueError, match="lossless"):
        make_inbox(EdgePolicy.LATEST, 1, EdgeStats(), priority=float)
