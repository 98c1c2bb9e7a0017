"""The four usual uses of blocking calls."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from dnne_ros.node_api.clock import SteadyClock
from dnne_ros.node_api.node import Node
from dnne_ros.toolkit.blocking_helpers import BatchedWriter, LatestValue, PeriodicPoll, StartupWork


@pytest.fixture
def with_node(run_async):
    """Run ``script(node)`` with a node that may block."""
    def run(script):
        async def main():
            node = Node()
            node.context = SimpleNamespace(name="/graph/node_1", steady=SteadyClock())
            try:
                return await script(node)
            finally:
                await node.end_blocking(0.05)
        return run_async(main(), timeout=20)
    return run


class Device:
    """Reads give what is put in; they wait while there is nothing."""

    def __init__(self, *values):
        self.values = list(values)
        self.come = threading.Semaphore(len(values))

    def put(self, value):
        self.values.append(value)
        self.come.release()

    def read(self):
        assert self.come.acquire()
        value = self.values.pop(0)
        if isinstance(value, Exception):
            raise value
        return value


def test_the_kept_value_counts_while_the_device_is_late_or_absent(with_node):
    async def script(node):
        device = Device(1, OSError("unplugged"))
        latest = LatestValue(node, device.read, timeout=0.5)
        assert (await latest.get(), latest.error) == (1, "")
        assert await latest.get() == 1 and latest.error == "OSError: unplugged"
        assert await latest.get() == 1 and latest.error.startswith("TimeoutError")
        assert latest.misses == 2
        device.put(4)  # the answer to the read that was given up
        device.put(5)
        assert await latest.get() == 5
        assert latest.error == "" and latest.age < 10

    with_node(script)


def test_a_late_value_is_kept_for_the_next_time(with_node):
    async def script(node):
        device = Device(1)
        latest = LatestValue(node, device.read, timeout=0.5)
        assert await latest.get() == 1
        assert await latest.get() == 1
        device.put(2)
        while latest._kept != [2]:
            await asyncio.sleep(0.001)
        assert await latest.get() == 2  # the new read is late again

    with_node(script)


def test_without_a_value_or_with_one_too_old_the_error_is_raised(with_node):
    async def script(node):
        device = Device(OSError("absent"), 1, OSError("unplugged"), ValueError("a bug"))
        latest = LatestValue(node, device.read, timeout=3600, max_age=0.0)
        assert latest.age == float("inf")
        with pytest.raises(OSError, match="absent"):
            await latest.get()
        assert await latest.get() == 1
        with pytest.raises(OSError, match="unplugged"):
            await latest.get()
        with pytest.raises(ValueError, match="a bug"):
            await latest.get()
        assert latest.misses == 2

    with_node(script)


def test_a_poll_never_waits_and_keeps_its_rate(with_node):
    async def script(node):
        device = Device()
        poll = PeriodicPoll(node, device.read, seconds=0.0, first="unknown")
        assert poll.value == poll.value == "unknown"
        device.put("80 %")
        while poll.value == "unknown":
            await asyncio.sleep(0.001)
        device.put(OSError("no answer"))
        while not poll.error:
            assert poll.value == "80 %"
            await asyncio.sleep(0.001)
        assert poll.error == "OSError: no answer"
        device.put("79 %")
        while poll.error:
            await asyncio.sleep(0.001)
            assert poll.value in ("80 %", "79 %")
        device.put("end")  # the poll that is under way

        slow = PeriodicPoll(node, Device(1, 2).read, seconds=60.0, first=0)
        while slow.value == 0:
            await asyncio.sleep(0.001)
        for _ in range(20):
            await asyncio.sleep(0.001)
            assert slow.value == 1

    with_node(script)


def test_batches_are_written_when_full_when_due_and_at_the_end(with_node):
    batches = []

    async def script(node):
        writer = BatchedWriter(node, lambda items: batches.append(list(items)), max_items=3,
                               seconds=60.0)
        for number in range(7):
            await writer.add(number)
        await writer.close()
        assert batches == [[0, 1, 2], [3, 4, 5], [6]]
        batches.clear()
        soon = BatchedWriter(node, lambda items: batches.append(list(items)), max_items=3,
                             seconds=0.01)
        await soon.add("alone")
        while not batches:
            await asyncio.sleep(0.001)
        assert batches == [["alone"]]
        await soon.add("again")
        await soon.close()
        assert batches == [["alone"], ["again"]]

    with_node(script)


def test_a_slow_writer_holds_back_who_adds(with_node):
    async def script(node):
        go_on = threading.Event()
        written = []

        def write(items):
            go_on.wait(10)
            written.extend(items)

        writer = BatchedWriter(node, write, max_items=2, seconds=60.0)
        adding = asyncio.ensure_future(add_ten(writer))
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert not adding.done() and len(writer._items) == 2
        go_on.set()
        await adding
        await writer.close()
        assert written == list(range(10))

    async def add_ten(writer):
        for number in range(10):
            await writer.add(number)

    with_node(script)


def test_an_error_of_a_writer_reaches_the_node(with_node):
    def fail(items):
        raise OSError("disk full")

    async def script(node):
        writer = BatchedWriter(node, fail, max_items=1, seconds=1.0)
        with pytest.raises(OSError, match="disk full"):
            for number in range(3):
                await writer.add(number)
        await writer.add("last")
        with pytest.raises(OSError, match="disk full"):
            await writer.close()

    with_node(script)


def test_start_up_work_does_not_hold_up_what_comes_first(with_node):
    async def script(node):
        device = Device()
        model = StartupWork(node, device.read)
        assert model.result_or("small model") == "small model" and not model.done
        device.put("large model")
        assert await model.result() == "large model" and model.done
        assert model.result_or("small model") == "large model"
        broken = StartupWork(node, Device(OSError("no such file")).read)
        with pytest.raises(OSError, match="no such file"):
            await broken.result()
        with pytest.raises(OSError, match="no such file"):
            broken.result_or(None)

    with_node(script)
