"""A source that is asked for its values begins a region."""

import asyncio

import pytest
from networks import Network, turns

from dnne_ros.transport.breathing import TURN_SECONDS, Turns

CHAIN = {"b": ({"in": "a.out"}, lambda item: {"out": 2 * item}),
         "c": ({"in": "b.out"}, lambda item: {"out": item - 1})}


def chain(values, taken=("c.out",), **details):
    return Network({"a": ({}, values), **CHAIN}, taken=taken, **details)


async def taken(network, count):
    return [await network.ends["c.out"].get(None) for _ in range(count)]


def by_itself(network):
    return [network.nodes[name].by_itself for name in "bc"]


def test_all_its_values_go_through_one_region_and_then_its_node_ends(run_async):
    async def main():
        network = chain(lambda: range(500), capacity=1000)
        network.start()
        await network.nodes["a"].task
        assert await taken(network, 500) == [2 * number - 1 for number in range(500)]
        counts = network.counts()
        assert {counts[name] for name in counts if "→" in name} == {(500, 500, 0)}
        assert counts["a.out"] == counts["b.out"] == 500
        assert max(by_itself(network)) < 10
        assert not network.nodes["b"].task.done()
    run_async(main())


def test_it_is_not_asked_before_there_is_room(run_async):
    async def main():
        asked = []

        def values():
            for number in range(100):
                asked.append(number)
                yield number
        network = chain(values, capacity=3)
        network.start()
        await turns(50)
        assert network.ends["c.out"].waiting() == 3
        for count in range(10):
            # Three on each edge, and one in each hand where a late round was left to the nodes.
            assert len(asked) - count <= 12, "more than there is room for"
            assert await taken(network, 1) == [2 * count - 1]
            await turns()
        assert asked == list(range(len(asked)))
    run_async(main())


def test_an_error_is_its_own_and_comes_behind_all_that_it_gave(run_async):
    async def main():
        def values():
            yield from (1, 2, 3)
            raise OSError("unplugged")
        network = chain(values)
        network.start()
        with pytest.raises(OSError, match="unplugged"):
            await network.nodes["a"].task
        assert await taken(network, 3) == [1, 3, 5]
    run_async(main())


def test_others_get_their_turn_while_it_never_ends(run_async):
    async def main():
        def values():
            while True:
                yield 1
        network = chain(values, taken=())
        network.start()
        for _ in range(20):
            await asyncio.sleep(0)
        before = network.counts()["b.out"]
        await asyncio.sleep(0.02)
        assert network.counts()["b.out"] > before > 0
        network.nodes["a"].task.cancel()
        await turns()
        after = network.counts()["c.out"]
        await turns()
        assert network.counts()["c.out"] == after
    run_async(main())


def test_who_is_cut_out_gets_its_values_one_by_one_and_none_is_lost(run_async):
    async def main():
        network = chain(lambda: range(300), capacity=2)
        network.start()
        found = []
        for number in range(300):
            if number % 50 == 20:
                network.nodes["b" if number % 100 == 20 else "a"].cut()
            if number % 50 == 40:
                network.nodes["b"].rejoin()
                network.nodes["a"].rejoin()
            found += await taken(network, 1)
        assert found == [2 * number - 1 for number in range(300)]
        assert network.nodes["b"].by_itself
    run_async(main())


def test_of_several_outputs_each_has_its_values(run_async):
    async def main():
        def values():
            for number in range(60):
                yield number, -number
        values.ports = ("more", "out")
        network = Network({
            "a": ({}, values), "b": ({"x": "a.out", "y": "a.more"},
                                     lambda x, y: {"out": 10 * x + y})}, taken=("b.out",))
        network.start()
        await network.nodes["a"].task
        found = [await network.ends["b.out"].get(None) for _ in range(60)]
        assert found == [-9 * number for number in range(60)]
        assert network.nodes["b"].by_itself < 10
    run_async(main())


@pytest.mark.parametrize("are_wanted", [True, False])
def test_it_gives_the_loop_away_when_its_time_is_over_and_somebody_waits_for_that(
        run_async, monkeypatch, are_wanted):
    async def main():
        loop, turned, at = asyncio.get_running_loop(), 0, []

        def turn():
            nonlocal turned
            turned += 1
            loop.call_soon(turn)

        def values():
            for number in range(200):
                at.append(turned)
                yield number
        monkeypatch.setattr(Turns, "are_wanted", lambda patient=False: are_wanted)
        TURN_SECONDS.set(0.0)
        network = chain(values, capacity=1000)
        network.start()
        turn()
        await network.nodes["a"].task
        assert await taken(network, 200) == [2 * number - 1 for number in range(200)]
        return len(set(at[100:]))
    assert run_async(main()) == (100 if are_wanted else 1)
