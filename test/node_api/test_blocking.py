"""Blocking calls in threads of a node's own."""

import asyncio
import threading
import time
from types import SimpleNamespace

import pytest

from dnne_ros.node_api.node import Node


class Reader(Node):
    """A node whose blocking calls the tests make."""


class TwoAtATime(Node):
    """A node with two calls in flight."""

    blocking_calls = 2


@pytest.fixture
def with_node(run_async, ros_loop):
    """Run ``script(node)`` in the loop of a graph's process."""
    def run(script, type=Reader):
        async def main():
            node = type()
            node.context = SimpleNamespace(name="/graph/reader_1")
            try:
                return await script(node)
            finally:
                await node.end_blocking(0.05)
        return ros_loop.run(main(), timeout=20)
    return run


def test_results_and_errors_come_back(with_node):
    async def script(node):
        assert await node.run_blocking(lambda: 3) == 3
        with pytest.raises(OSError, match="unplugged"):
            await node.run_blocking(fail)
        with pytest.raises(RuntimeError, match="SystemExit: 4"):
            await node.run_blocking(lambda: exit_with(4))
        with pytest.raises(RuntimeError, match="StopIteration"):
            await node.run_blocking(lambda: next(iter(())))

    def fail():
        raise OSError("unplugged")

    def exit_with(code):
        raise SystemExit(code)

    with_node(script)


def test_the_loop_goes_on_meanwhile(with_node):
    async def script(node):
        go_on = threading.Event()
        reading = asyncio.ensure_future(node.run_blocking(go_on.wait))
        for _ in range(10):
            await asyncio.sleep(0.001)
        assert not reading.done()
        go_on.set()  # by a coroutine that ran while the call blocked
        assert await reading is True

    with_node(script)


def test_one_at_a_time_in_one_thread_in_order(with_node):
    seen = []

    def read(number):
        seen.append((number, threading.get_ident()))

    async def script(node):
        await asyncio.gather(*(node.run_blocking(lambda n=n: read(n)) for n in range(20)))

    with_node(script)
    assert [number for number, _ in seen] == list(range(20))
    assert len({thread for _, thread in seen}) == 1


def test_as_many_at_a_time_as_the_node_says(with_node):
    both = threading.Barrier(2, timeout=5)

    async def script(node):
        await asyncio.gather(*(node.run_blocking(both.wait) for _ in range(4)))

    with_node(script, TwoAtATime)


def test_a_late_result_is_dropped_or_used_and_holds_up_the_next_call(with_node):
    async def script(node):
        go_on = threading.Event()
        late = asyncio.get_running_loop().create_future()

        def read():
            go_on.wait()
            return "frame 1"

        with pytest.raises(TimeoutError, match="longer than 0.01 s"):
            await node.run_blocking(read, timeout=0.01, late=late.set_result)
        with pytest.raises(TimeoutError, match="earlier blocking calls"):
            await node.run_blocking(lambda: "frame 2", timeout=0.01)
        assert not late.done()
        go_on.set()
        assert await late == "frame 1"
        assert await node.run_blocking(lambda: "frame 3", timeout=5) == "frame 3"

    with_node(script)


def test_a_cancelled_call_gives_its_place_back_when_it_returns(with_node):
    async def script(node):
        go_on = threading.Event()
        late = []
        reading = asyncio.ensure_future(node.run_blocking(go_on.wait, late=late.append))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        go_on.set()
        assert await node.run_blocking(lambda: 5, timeout=5) == 5
        assert late == [True]  # a device that was opened for nobody is given to who closes it

    with_node(script)


def test_a_call_that_hangs_is_left_behind(ros_loop):
    hang = threading.Event()

    async def main():
        node = Reader()
        node.context = SimpleNamespace(name="/graph/hanging_1")
        with pytest.raises(TimeoutError):
            await node.run_blocking(hang.wait, timeout=0.01)
        assert await node.end_blocking(0.01) == 1
        return [thread for thread in threading.enumerate() if "hanging_1" in thread.name]

    thread, = ros_loop.run(main())
    assert thread.daemon  # the interpreter does not wait for it
    ros_loop.loop.close()
    hang.set()  # its answer finds no loop any more, and nobody minds
    thread.join(5)
    assert not thread.is_alive()


def test_threads_are_joined_when_calls_have_returned(ros_loop):
    async def main():
        node = Reader()
        node.context = SimpleNamespace(name="/graph/joined_1")
        await node.run_blocking(lambda: None)
        assert await node.end_blocking() == 0

    ros_loop.run(main())
    assert not [thread for thread in threading.enumerate() if "joined_1" in thread.name]


def test_a_timer_keeps_its_rate_beside_blocking_calls(with_node):
    async def script(node):
        ticks = 0

        async def read():
            for _ in range(5):
                await node.run_blocking(lambda: time.sleep(0.02))

        reading = asyncio.ensure_future(read())
        while not reading.done():
            await asyncio.sleep(0.001)
            ticks += 1
        return ticks

    assert with_node(script) > 5  # it is not one tick a read
