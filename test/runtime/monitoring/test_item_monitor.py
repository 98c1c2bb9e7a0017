"""What a monitor sees of a node that takes and gives, by a clock that a test sets."""

import asyncio

import pytest

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.runtime.monitoring.item_monitor import ItemMonitor
from dnne_ros.testing import InMemoryContext


class Two(Node):
    """Takes two and gives two."""

    one = Input(Float(), "One.")
    other = Input(Float(), "Another.")
    out = Output(Float(), "Some.")
    more = Output(Float(), "More.")


class Seen:
    """A monitor around a context in memory."""

    def __init__(self, inputs, outputs, clock, refused=()):
        self.context = InMemoryContext(Two(), inputs)
        self.worked = []
        self.refused = refused
        self.monitor = ItemMonitor(self.context, inputs, outputs,
                                   lambda seconds, since: self.worked.append(seconds),
                                   self.admit, clock)
        self.monitor.begin()

    def admit(self, port, value):
        if value in self.refused:
            raise ValueError(f"{port} is not to be {value}")


@pytest.fixture
def see(virtual_loop):
    return lambda inputs=("one",), outputs=("out",), **options: Seen(
        list(inputs), list(outputs), virtual_loop.time, **options)


def test_a_node_finds_in_it_all_that_its_own_context_has(see):
    seen = see()
    for name in vars(seen.context).keys() & {"name", "node_id", "title", "seed", "inference",
                                             "log", "health", "topics", "clock"}:
        assert getattr(seen.monitor, name) is getattr(seen.context, name), name
    assert seen.monitor.is_linked("one") and not seen.monitor.is_linked("other")
    seen.monitor.report({"loss": 1.0})
    seen.monitor.boundary(1, 2.0)
    assert seen.context.reported == [{"loss": 1.0}]
    assert seen.context.boundaries == [(1, 2.0, None)]


def test_waiting_is_not_work_and_work_ends_with_an_output(see, run_virtual, virtual_loop):
    seen = see()
    monitor = seen.monitor

    async def main():
        taking = asyncio.ensure_future(monitor.get("one", None))
        await asyncio.sleep(5)
        assert monitor.busy_since is None and monitor.waits_for == "input one"
        seen.context.feed("one", 1.0)
        assert await taking == 1.0
        assert monitor.busy_since == virtual_loop.time() and monitor.waits_for == ""
        await asyncio.sleep(0.25)
        await monitor.put("out", 2.0)
        assert monitor.busy_since is None and monitor.given == {"out"}
        assert monitor.last_sign == virtual_loop.time()

    run_virtual(main())
    assert seen.worked == [pytest.approx(0.25)]
    assert monitor.counts == {"out": 1} and monitor.last == {"out": 2.0}
    assert seen.context.sent == [("out", 2.0)] and monitor.went_well == 1


def test_work_ends_with_the_next_item_where_nothing_is_given(see, run_virtual):
    seen = see(outputs=())
    seen.context.feed("one", 1.0, 2.0)

    async def main():
        await seen.monitor.get("one", None)
        await asyncio.sleep(0.5)
        await seen.monitor.get("one", None)

    run_virtual(main())
    assert seen.worked == [pytest.approx(0.5)]
    assert seen.monitor.counts == {"one": 2} and seen.monitor.went_well == 1


def test_a_source_works_from_one_output_to_the_next(see, run_virtual):
    seen = see(inputs=())

    async def main():
        for _ in range(3):
            await asyncio.sleep(0.5)
            await seen.monitor.put("out", 1.0)

    run_virtual(main())
    assert seen.worked == [pytest.approx(0.5)] * 3


def test_a_wait_that_is_over_in_vain_leaves_no_trace(see, run_virtual):
    seen = see()

    async def main():
        with pytest.raises(TimeoutError):
            await seen.monitor.get("one", 1.0)

    run_virtual(main())
    assert seen.monitor.waits_for == "" and seen.monitor.busy_since is None
    assert seen.worked == []


def test_what_comes_after_a_stand_in_is_dropped_for_that_item_only(see, run_virtual):
    seen = see()
    seen.context.feed("one", 1.0, 2.0)

    async def main():
        await seen.monitor.get("one", None)
        await seen.monitor.stand_in("out", -1.0, 1.0)
        await seen.monitor.put("out", 1.0)  # it is too late
        await seen.monitor.get("one", None)
        await seen.monitor.put("out", 2.0)

    run_virtual(main())
    assert seen.context.sent == [("out", -1.0), ("out", 2.0)]


def test_what_may_not_go_out_does_not(see, run_virtual):
    seen = see(refused=[3.0])
    with pytest.raises(ValueError, match="out is not to be 3"):
        run_virtual(seen.monitor.put("out", 3.0))
    assert seen.context.sent == [] and seen.monitor.went_well == 0


def test_it_lets_go_of_values_when_nobody_watches(see, run_virtual):
    seen = see()
    run_virtual(seen.monitor.put("out", 3.0))
    seen.monitor.forget()
    assert seen.monitor.last == {}
