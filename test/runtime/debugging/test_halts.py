"""What becomes of items at which a run stands: none is lost, whoever gives up waiting."""

import asyncio

import pytest

from dnne_ros.debugging.places import PlacedNode, Places
from dnne_ros.runtime.coordination.pause import BreakpointWord, Pause
from dnne_ros.runtime.debugging.halts import Halts
from dnne_ros.runtime.debugging.stops import Stops
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy


class Node:
    """One that takes from an edge, as `HostContext` does, and gives to an output."""

    def __init__(self, policy=EdgePolicy.LOSSLESS, acts=False):
        self.edge = LocalEdge("a/out → b/in", policy, 100)
        self.pause = Pause("main")
        self.stops = Stops(self.pause, Places(
            [PlacedNode("b", ("in",), ("out",))], {("b", "in"): ("a", "out")}), acts)
        self.halts = Halts("b", self.pause, self.stops, acts,
                           lambda port: policy is not EdgePolicy.LOSSLESS)

    def give(self, *items):
        for item in items:
            self.edge.deliver(item)

    def get(self, timeout=None):
        return asyncio.ensure_future(self.halts.get("in", self.edge, self.edge, timeout))

    def get_batch(self, most, timeout=None):
        return asyncio.ensure_future(
            self.halts.get_batch("in", self.edge, self.edge, most, timeout))

    def stop_at(self, condition="", stops=True, place="b"):
        self.pause.set_breakpoints((
            *self.pause.breakpoints,
            BreakpointWord(len(self.pause.breakpoints) + 1, place, condition, stops, "")))

    @property
    def held(self):
        return [(item.number, item.value) for item in self.stops.held]


@pytest.fixture
def node():
    return Node()


async def turn():
    for _ in range(40):
        await asyncio.sleep(0)


def test_a_run_stops_at_the_item_and_the_node_has_it_when_it_goes_on(run_async, node):
    async def main():
        node.stop_at("in > 2")
        node.give(1, 2, 3, 4)
        assert [await node.get(), await node.get()] == [1, 2]
        taking = node.get()
        await turn()
        assert node.pause.paused and node.held == [(3, 3)] and not taking.done()
        assert node.pause.state.why == "breakpoint 1 (b if in > 2): item 3 at input in of b"
        node.pause.set(False)
        assert await taking == 3 and node.held == []
        assert node.stops.breakpoints[0].hits == 1

    run_async(main())


def test_whoever_gives_up_at_an_item_has_it_the_next_time(run_async, node):
    async def main():
        node.stop_at("in >= 2")
        node.give(1, 2, 3)
        assert await node.get() == 1
        for taking in (node.get(), node.get_batch(2)):
            await turn()
            taking.cancel()
            await turn()
            node.pause.set(False)
        node.pause.set_breakpoints(())
        assert node.pause.closed  # an item is kept, which the next call is to have
        assert await node.get_batch(2) == [2, 3]
        assert not node.pause.closed and not node.held

    run_async(main())


def test_a_batch_is_looked_at_item_by_item(run_async, node):
    async def main():
        node.stop_at("in == 2")
        node.stop_at("in == 3", stops=False)
        node.give(1, 2, 3, 4)
        taking = node.get_batch(4)
        await turn()
        assert node.held == [(2, 2)]
        node.pause.set(False)
        assert await taking == [1, 2, 3, 4]
        watched = node.stops.breakpoints[1]
        assert (watched.hits, watched.last.number) == (1, 3)

    run_async(main())


def test_steps_stop_at_each_item_and_count(run_async, node):
    async def main():
        node.pause.set(True)
        node.give(*range(1, 8))
        took = []

        async def take_all():
            while True:
                took.append(await node.get())

        taking = asyncio.ensure_future(take_all())
        for count, expected in ((1, 1), (1, 2), (3, 5), (1, 6)):
            node.pause.set(False, "", "step", "b/in", count)
            await turn()
            assert node.pause.paused and node.held == [(expected, expected)]
            assert took == list(range(1, expected))
        node.pause.set(False)
        await turn()
        assert took == list(range(1, 8)) and not node.pause.closed
        taking.cancel()

    run_async(main())


def test_an_item_that_is_about_to_be_given_is_shown_before_anybody_has_it(run_async, node):
    async def main():
        node.stop_at("nan", place="b/out ->")
        await node.halts.goes("out", 1.0, 1)
        giving = asyncio.ensure_future(node.halts.goes("out", float("nan"), 2))
        await turn()
        assert [number for number, _ in node.held] == [2] and not giving.done()
        node.pause.set(False)
        await giving

    run_async(main())


def test_no_time_passes_for_who_waits_while_the_run_stands(run_async, node):
    async def main():
        taking = node.get(timeout=0.01)
        await turn()
        node.pause.set(True)
        await asyncio.sleep(0.05)
        assert not taking.done()
        node.give(1)
        node.pause.set(False)
        assert await taking == 1
        with pytest.raises(TimeoutError):
            await node.get(timeout=0.01)

    run_async(main())


@pytest.mark.parametrize("policy, obeyed", [(EdgePolicy.LATEST, [4]),
                                           (EdgePolicy.LOSSLESS, [1, 2, 3, 4])])
def test_a_robot_obeys_nothing_that_is_as_old_as_the_stop(run_async, policy, obeyed, monkeypatch):
    monkeypatch.setattr("dnne_ros.runtime.debugging.stops._SETTLING_SECONDS", 0.05)
    node = Node(policy, acts=True)

    async def main():
        took = []

        async def obey():
            while True:
                took.append(await node.get())

        obeying = asyncio.ensure_future(obey())
        await turn()
        node.pause.set(True)
        node.give(1)
        await turn()
        node.pause.set(False)
        node.give(2)
        await turn()
        node.give(3)  # made of something old, a moment later
        while node.pause.closed:
            await asyncio.sleep(0.005)
        node.give(4)
        await turn()
        obeying.cancel()
        return took

    assert run_async(main()) == obeyed


@pytest.mark.parametrize("condition, trouble", [
    ("speed > 3", "item 1: the item has no 'speed'"), ("item < (1, 2)", "cannot be compared")])
def test_what_a_condition_cannot_be_asked_of_does_not_stop_the_graph(
        run_async, node, condition, trouble):
    async def main():
        node.stop_at(condition)
        node.give(1)
        assert await node.get() == 1
        assert trouble in node.stops.breakpoints[0].trouble

    run_async(main())


def test_a_value_whose_own_type_fails_does_not_stop_the_graph(run_async, node):
    class Bad:
        shape = property(lambda self: 1 / 0)
        dtype = "float32"

    async def main():
        node.stop_at("nan")
        node.give(Bad())
        await node.get()
        assert "ZeroDivisionError" in node.stops.breakpoints[0].trouble

    run_async(main())


def test_the_end_of_a_run_holds_nobody_at_an_item(run_async, node):
    async def main():
        node.stop_at()
        node.give(1, 2)
        taking = node.get()
        await turn()
        node.pause.lift()
        assert await taking == 1
        assert await node.get() == 2

    run_async(main())


def test_what_another_version_says_of_breakpoints_is_left_out(node):
    node.pause.set_breakpoints((BreakpointWord(1, "zzz/in", "", True, ""),
                                BreakpointWord(2, "b/in", "a new word", True, ""),
                                BreakpointWord(3, "b/in", "", False, "")))
    assert [each.word.id for each in node.stops.breakpoints] == [3]
