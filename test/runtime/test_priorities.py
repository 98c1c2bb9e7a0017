"""What is ready in a turn of the event loop is called by priority, and nobody starves."""

import asyncio

import pytest

from dnne_ros.graph.graph import GraphNode
from dnne_ros.node_api.node import Node
from dnne_ros.runtime.priorities import Priorities, ReadyByPriority
from dnne_ros.transport.breathing import TURN_SECONDS


def nodes(**priorities):
    return [GraphNode(id, Node, "", id, {}, priority=priority)
            for id, priority in priorities.items()]


@pytest.fixture
def ordered():
    """Run a coroutine in a loop that goes by priority."""
    def run(coroutine):
        loop = asyncio.SelectorEventLoop()
        loop._ready = ReadyByPriority(loop._ready)
        try:
            return loop.run_until_complete(coroutine)
        finally:
            loop.close()
    return run


def start(priorities, id, coroutine):
    return priorities.context_of(id).run(asyncio.get_running_loop().create_task, coroutine)


def test_who_is_woken_last_goes_first_if_it_has_priority(ordered):
    async def main():
        priorities = Priorities(nodes(logger=-1, other=0, control=5))
        loop, order = asyncio.get_running_loop(), []
        wakes = {id: loop.create_future() for id in ("logger", "other", "control")}

        async def node(id):
            await wakes[id]
            order.append(id)

        tasks = [start(priorities, id, node(id)) for id in wakes]
        for _ in range(3):  # all of them have begun, also those behind this one
            await asyncio.sleep(0)
        for wake in wakes.values():
            wake.set_result(None)
        await asyncio.gather(*tasks)
        assert order == ["control", "other", "logger"]
    ordered(main())


def test_one_that_is_always_ready_lets_the_others_go_on_once_a_turn(ordered):
    async def main():
        priorities = Priorities(nodes(logger=0, control=100))
        turns = {"logger": 0, "control": 0}

        async def node(id):
            while turns["control"] < 100:
                turns[id] += 1
                await asyncio.sleep(0)

        await asyncio.gather(*(start(priorities, id, node(id)) for id in turns))
        assert turns["control"] == 100 and turns["logger"] >= 99
    ordered(main())


def test_what_is_cancelled_timed_or_raises_is_dealt_with_as_ever(ordered):
    async def main():
        priorities = Priorities(nodes(a=0, b=1))
        loop = asyncio.get_running_loop()
        called = []
        loop.call_soon(called.append, "cancelled").cancel()
        loop.call_later(0.001, called.append, "timed")

        async def fails():
            raise ValueError

        with pytest.raises(ValueError):
            await start(priorities, "b", fails())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(start(priorities, "a", asyncio.sleep(100)), 0.01)
        await loop.run_in_executor(None, called.append, "thread")
        assert called == ["timed", "thread"]
    ordered(main())


def test_nodes_before_which_others_go_give_the_loop_away_sooner():
    priorities = Priorities(nodes(logger=0, control=1))
    assert priorities.context_of("control").run(TURN_SECONDS.get) == TURN_SECONDS.get()
    assert priorities.context_of("logger").run(TURN_SECONDS.get) < TURN_SECONDS.get()
    assert priorities.context_of("logger", "control").run(TURN_SECONDS.get) == TURN_SECONDS.get()


def test_nodes_that_are_equal_are_left_alone():
    priorities = Priorities(nodes(a=3, b=3))
    assert not priorities.differ and priorities.context_of("a") is None
