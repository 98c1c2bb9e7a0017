"""Nodes of a process that become one: what they do is what they did one by one."""

import asyncio
import math
import time

import pytest
from hypothesis import given, settings, strategies as st
from networks import Answering, Network, turns
from random_networks import networks, outcome

from dnne_ros.node_api.answering import ByName
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions import region
from dnne_ros.transport.breathing import TURN_SECONDS

CHAIN = {"a": ({"in": "source.out"}, lambda item: {"out": item + 1}),
         "b": ({"in": "a.out"}, lambda item: {"out": 2 * item}),
         "c": ({"in": "b.out"}, lambda item: {"out": item - 1})}


@pytest.fixture
def impatient(monkeypatch):
    """Wait for room, and for nodes to come to rest, for less long than tests like to take."""
    monkeypatch.setattr(region, "_PATIENCE", 0.01)
    monkeypatch.setattr(region, "_HOLD", 0.001)
    monkeypatch.setattr(region, "_NOT_AGAIN", 0.01)


async def taken(network, port, count):
    return [await network.ends[port].get(None) for _ in range(count)]


def started(nodes, **details):
    network = Network(nodes, **details)
    network.start()
    return network


async def running(nodes, **details):
    """Return a chain that is one region, and knows which outputs its nodes give."""
    network = started(nodes, **details)
    for number in (1, 2, 3, 4):
        await network.sources["source.out"].send(number)
        await taken(network, "c.out", 1)
        await turns()
    for node in network.nodes.values():
        node.by_itself = 0
    return network


@pytest.mark.parametrize("wanted, calls", [(False, [5]), (True, [1, 1, 1, 1, 1])])
def test_rounds_end_only_where_somebody_waits_for_the_loop(run_async, monkeypatch, wanted, calls):
    """Each round is one that has taken its time."""
    made = []

    def counted(self, number):
        if number:
            made.append(number)
        count(self, number)

    count = region.Region._count
    monkeypatch.setattr(region.Region, "_count", counted)
    monkeypatch.setattr(region, "_TRIALS", 0)  # none has to show first that it is quick
    monkeypatch.setattr(region.Turns, "are_wanted", lambda patient=False: wanted)

    async def main():
        TURN_SECONDS.set(0.0)
        network = await running(CHAIN, taken=("c.out",))
        made.clear()
        for number in range(5):
            network.sources["source.out"].send_now(number)
        assert await taken(network, "c.out", 5) == [2 * number + 1 for number in range(5)]
        assert made == calls

    run_async(main())


def test_a_chain_is_one_region_whose_coroutines_sleep_while_its_edges_count(run_async):
    async def main():
        network = await running(CHAIN, taken=("c.out",))
        for number in range(10):
            await network.sources["source.out"].send(number)
        assert await taken(network, "c.out", 10) == [2 * number + 1 for number in range(10)]
        await turns()
        assert [node.by_itself for node in network.nodes.values()] == [0, 0, 0]
        counts = network.counts()
        assert {counts[name] for name in counts if "→" in name} == {(14, 14, 0)}
        assert {counts[name] for name in "abc"} == {14}
        assert counts["a.out"] == counts["b.out"] == counts["c.out"] == 14
    run_async(main())


def test_what_a_region_gives_to_other_processes_leaves_together(run_async, monkeypatch):
    done = []
    send_now = OutputPort.send_now

    class Together:
        def __enter__(self):
            done.append("held back")

        def __exit__(self, *_):
            done.append("let go")

    def noted(self, value):
        done.append(value)
        send_now(self, value)

    monkeypatch.setattr(OutputPort, "leaves", True)
    monkeypatch.setattr(OutputPort, "is_unseen", False)
    monkeypatch.setattr(OutputPort, "send_now", noted)
    monkeypatch.setattr(Answering, "together", lambda self: Together())

    async def main():
        nodes = {"a": CHAIN["a"],
                 "b": ({"in": "a.out"}, lambda item: {"out": item, "more": -item})}
        network = started(nodes, taken=("b.out", "b.more"))
        for number in range(1, 10):
            done.clear()
            await network.sources["source.out"].send(number)
            assert await taken(network, "b.out", 1) == [number + 1]
            assert await taken(network, "b.more", 1) == [-number - 1]
            await turns()
        assert done[-4:] == ["held back", 10, -10, "let go"] and done.count("held back") == 1
    run_async(main())


def test_a_source_that_is_faster_is_let_through_the_region_all_the_same(run_async):
    async def main():
        network = started(CHAIN, taken=("c.out",))

        async def send():
            for number in range(2000):
                await network.sources["source.out"].send(number)
        sending = asyncio.create_task(send())
        assert await taken(network, "c.out", 2000) == [2 * number + 1 for number in range(2000)]
        await sending
        assert network.nodes["b"].by_itself < 500
    run_async(main())


def test_an_item_enters_only_if_the_outputs_of_the_region_have_room(run_async):
    async def main():
        network = await running(CHAIN, taken=("c.out",), capacity=3)
        source, end = network.sources["source.out"], network.ends["c.out"]
        for number in range(3):
            await source.send(number)
        await turns()
        blocked = asyncio.create_task(source.send(3))
        for number in range(4, 8):
            await turns()
            if not blocked.done():
                break
            blocked = asyncio.create_task(source.send(number))
        await turns()
        assert not blocked.done() and end.waiting() == 3
        assert end.stats.blocked_since is not None, "what holds it back is not said"
        assert [network.edges[key].waiting() for key in network.edges] == [3, 0, 0]
        assert await taken(network, "c.out", 7) == [2 * number + 1 for number in range(7)]
        await blocked
        await turns()
        assert end.stats.blocked_since is None
        assert [node.by_itself for node in network.nodes.values()] == [0, 0, 0]
    run_async(main())


def test_where_the_rim_stays_full_each_node_waits_itself_and_nothing_is_lost(
        run_async, impatient):
    async def main():
        network = started(CHAIN, taken=("c.out",), capacity=2)
        await turns()

        async def send():
            for number in range(50):
                await network.sources["source.out"].send(number)
        sending = asyncio.create_task(send())
        await asyncio.sleep(0.05)
        assert network.nodes["a"].by_itself
        assert await taken(network, "c.out", 50) == [2 * number + 1 for number in range(50)]
        await sending
    run_async(main())


def test_an_error_is_that_of_the_node_and_the_others_have_their_items(run_async):
    async def main():
        network = started({
            "a": ({"in": "source.out"}, lambda item: {"out": item}),
            "b": ({"in": "a.out"}, lambda item: {"out": 6 // item}),
            "c": ({"in": "a.out"}, lambda item: {"out": -item}),
            "d": ({"x": "c.out", "y": "b.out"}, lambda x, y: {"out": x + y})})
        await turns()
        for number in (3, 2, 0):
            await network.sources["source.out"].send(number)
        await turns()
        failed = network.nodes["b"]
        with pytest.raises(ZeroDivisionError):
            failed.task.result()
        assert failed.items == 3
        assert await taken(network, "d.out", 2) == [-1, 1]
        counts = network.counts()
        assert (counts["a.out → b/in"], counts["a.out → c/in"]) == ((3, 3, 0), (3, 3, 0))
        assert (counts["c.out → d/x"][:1], counts["b.out → d/y"]) == ((3,), (2, 2, 0))
    run_async(main())


def test_who_is_cut_out_sees_each_item_in_its_own_coroutine_and_comes_back(run_async):
    async def main():
        network = await running(CHAIN, taken=("c.out",))
        came = []
        for number in range(60):
            if number == 20:
                network.nodes["b"].cut()
            if number == 40:
                network.nodes["b"].rejoin()
            await turns()
            await network.sources["source.out"].send(number)
            came += await taken(network, "c.out", 1)
        assert came == [2 * number + 1 for number in range(60)]
        assert network.nodes["b"].by_itself == 20 and network.nodes["b"].items == 64
    run_async(main())


def test_while_somebody_listens_inner_outputs_are_published(run_async):
    class Topic:
        count, published = 0, []

        def watchers(self):
            return self.count

        def publish(self, message):
            self.published.append(message)

    async def main():
        network = await running(CHAIN, taken=("c.out",))
        topic, output = Topic(), network.outputs["a.out"]
        output._topic = topic
        output._codec = type("Codec", (), {"encode": staticmethod(lambda value: value)})
        for number in range(3):
            topic.count = number % 2
            output.look_for_watchers()
            await network.sources["source.out"].send(number)
            assert await taken(network, "c.out", 1) == [2 * number + 1]
        assert topic.published == [2]
        assert [node.by_itself for node in network.nodes.values()] == [0, 0, 0]
    run_async(main())


def test_a_loop_goes_on_by_itself_until_a_node_is_not_ready(run_async):
    """As training does: an actor that is one item ahead, and a learner that has to wait."""
    async def main(compiled):
        seen = []
        network = Network({
            "world": ({"action": "actor.out", "go": "learner.out"},
                      lambda action, go: {"out": action + go}),
            "actor": ({"state": "world.out"}, lambda state: {"out": 3 * state % 101}),
            "learner": ({"state": "world.out", "action": "actor.out"},
                        lambda state, action: seen.append((state, action)) or {
                            "out": state ^ action})}, compiled, taken=())
        network.start()
        learner = network.nodes["learner"]
        await turns()
        network.edges["actor.out", "learner", "action"].deliver(1)
        network.edges["learner.out", "world", "go"].deliver(1)
        network.edges["actor.out", "world", "action"].deliver(1)
        while len(seen) < 1000:
            await asyncio.sleep(0)
        assert not compiled or learner.by_itself < 100
        return seen[:1000]
    assert run_async(main(True)) == run_async(main(False))


def test_an_output_that_is_seldom_given_holds_nobody_up_until_it_is(run_async):
    """Its consumer may be stuck for good: that counts when there is something for it."""
    async def main():
        network = await running({
            **CHAIN, "b": ({"in": "a.out"}, lambda item: {
                "out": 2 * item, **({"more": item} if item in (30, 31, 50) else {})})},
            taken=("c.out", "b.more"), capacity=1)
        alarms, came = network.ends["b.more"], []

        async def send():
            for number in range(60):
                await network.sources["source.out"].send(number)
        sending = asyncio.create_task(send())
        while len(came) < 30:
            came += await taken(network, "c.out", 1)
        await turns(100)
        assert alarms.waiting() == 1 and not sending.done()
        assert await taken(network, "b.more", 2) == [30, 31]
        came += await taken(network, "c.out", 20)
        assert await taken(network, "b.more", 1) == [50]
        came += await taken(network, "c.out", 10)
        assert came == [2 * number + 1 for number in range(60)]
    run_async(main())


@pytest.mark.parametrize("capacity", [1, 2])
def test_a_loop_whose_edges_are_full_waits_for_nobody(run_async, monkeypatch, capacity):
    monkeypatch.setattr(region, "_PATIENCE", math.inf)

    async def main():
        network = Network({
            "world": ({"action": "actor.out"}, lambda action: {"out": action + 1}),
            "actor": ({"state": "world.out"}, lambda state: {"out": state}),
            "learner": ({"state": "world.out", "action": "actor.out"},
                        lambda state, action: {"more": state - action})},
            taken=("learner.more",), capacity=capacity)
        network.start()
        await turns()
        network.edges["actor.out", "learner", "action"].deliver(0)
        network.edges["actor.out", "world", "action"].deliver(0)
        assert await taken(network, "learner.more", 300) == [1] * 300
    run_async(main())


def test_what_a_filter_leaves_behind_keeps_its_place(run_async):
    """A node that joins what is left of a stream with all of it is ever further behind."""
    async def main():
        network = started({
            "all": ({"in": "source.out"}, lambda item: {"out": item}),
            "even": ({"in": "all.out"}, lambda item: None if item % 2 else {"out": item}),
            "join": ({"x": "even.out", "y": "all.out"}, lambda x, y: {"out": 1000 * x + y})})
        await turns()
        numbers = [0, 2, 4, 6, *range(8, 60)]
        for number in numbers:
            await network.sources["source.out"].send(number)
            if number < 8:
                await turns()
        even = [number for number in numbers if number % 2 == 0]
        assert await taken(network, "join.out", len(even)) == [
            1000 * x + y for x, y in zip(even, numbers, strict=False)]
    run_async(main())


def test_nodes_that_take_long_go_on_one_by_one(run_async):
    """The loop turns between them: in one go, they would hold up everybody else for so long."""
    async def main():
        turned = []

        def slow(item):
            time.sleep(0.06)
            turned.append(beats)
            return {"out": item}
        network = started({"a": ({"in": "source.out"}, slow), "b": ({"in": "a.out"}, slow),
                           "c": ({"in": "b.out"}, slow)}, taken=("c.out",))
        beats = 0

        async def beat():
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(0)
        beating = asyncio.create_task(beat())
        await turns()
        for number in range(3):
            await network.sources["source.out"].send(number)
            assert await taken(network, "c.out", 1) == [number]
        beating.cancel()
        assert len(set(turned)) == 9
    run_async(main())


@settings(max_examples=120, deadline=None)
@given(networks(), st.sampled_from((1, 2, 100)), st.integers(0, 2**32 - 1))
def test_any_network_gives_what_its_nodes_give_one_by_one(nodes, capacity, seed):
    """Whatever is cut out, looked at or paused meanwhile: the same items, and the same counts."""
    expected = asyncio.run(outcome(nodes, False, capacity, 0))
    assert asyncio.run(outcome(nodes, True, capacity, seed)) == expected


def test_a_region_calls_what_stands_for_compute(run_async):
    """Whose values have no names: of several outputs, in their order."""
    async def main():
        called = []

        def short(number, other):
            called.append((number, other))
            return 2 * number, number
        plain = ByName(lambda number, other: {"out": 2 * number, "more": number},
                       ["number"], ["other"], short)
        network = await running({**CHAIN, "b": ({"number": "a.out"}, plain)},
                                taken=("c.out", "b.more"))
        called.clear()
        for number in range(5):
            await network.sources["source.out"].send(number)
        assert await taken(network, "b.more", 9) == [2, 3, 4, 5, 1, 2, 3, 4, 5]
        assert await taken(network, "c.out", 5) == [2 * number + 1 for number in range(5)]
        assert called == [(number + 1, None) for number in range(5)]
    run_async(main())
