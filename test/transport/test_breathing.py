"""How often a coroutine that need not wait lets the event loop turn."""

import asyncio

import pytest

from dnne_ros.transport import breathing
from dnne_ros.transport.breathing import Breathing
from dnne_ros.transport.inbox import Inbox
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.stats import EdgeStats


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on as it is told."""
    now = [0.0]
    monkeypatch.setattr(breathing, "monotonic", lambda: now[0])
    return now


def turns(breathes, clock, seconds, times):
    """Let the loop turn so often, each time after `every` items that take ``seconds``."""
    for _ in range(times):
        clock[0] += breathes.every * seconds
        breathes.note_turn()
        breathes.note_turned()
    return breathes.every


def test_quick_items_go_in_bunches_and_slow_ones_alone(clock):
    breathes = Breathing()
    assert turns(breathes, clock, 1e-6, 8) == 64
    assert turns(breathes, clock, 0.02, 1) == 1, "at once"
    assert turns(breathes, clock, 0.001, 6) == 4
    assert turns(breathes, clock, 1e-6, 6) == 64


def test_what_a_wait_has_taken_is_not_counted(clock):
    breathes = Breathing()
    turns(breathes, clock, 1e-6, 8)
    breathes.forget()
    clock[0] += 10.0
    breathes.note_turn()
    assert breathes.every == 64


def test_a_reader_that_finds_items_lets_others_have_their_turn(run_async):
    async def main():
        inbox = Inbox(EdgePolicy.LOSSLESS, 1000, EdgeStats())
        for number in range(1000):
            inbox.offer(number)
        counted = 0

        async def others():
            nonlocal counted
            while True:
                counted += 1
                await asyncio.sleep(0)

        beside = asyncio.get_running_loop().create_task(others())
        assert [await inbox.take() for _ in range(1000)] == list(range(1000))
        beside.cancel()
        assert counted >= 1000 // 64

    run_async(main())


def test_who_has_waited_elsewhere_need_not_let_the_loop_turn(run_async, monkeypatch):
    """As for another input: the loop has turned meanwhile."""
    async def main():
        inbox = Inbox(EdgePolicy.LOSSLESS, 100, EdgeStats())
        for number in range(10):
            inbox.offer(number)
        await inbox.take()
        for number in range(1, 10):
            breathing.Turns.count += 1
            with pytest.raises(StopIteration) as took:
                inbox.take().send(None)  # it does not wait
            assert took.value.value == number

    monkeypatch.setattr(breathing.Turns, "count", 0)
    run_async(main())
