"""Rounds of a node go to whoever is free, and what comes of them is given in its turn."""

import asyncio
from types import SimpleNamespace

import pytest
from replicated_node import ReplicatedNode

from dnne_ros.errors import DnneError
from dnne_ros.graph.replicas import Replicas
from dnne_ros.node_api.node import Node
from dnne_ros.runtime.replicas.replica import ReplicaGoneError
from dnne_ros.runtime.replicas.replicated import ROUNDS_EACH, Replicated
from dnne_ros.runtime.replicas.rounds import place_of

TURNS = 50


class Scripted:
    """A replica whose rounds end when the test says so."""

    def __init__(self, bench, place):
        self.bench, self.place, self.changes, self.closed = bench, place, {}, False

    async def compute(self, items, state):
        number = items["in"]
        self.bench.begun.append((number, self.place))
        ends = self.bench.ends.setdefault(number, asyncio.get_running_loop().create_future())
        outcome = await asyncio.shield(ends)
        if isinstance(outcome, Exception):
            del self.bench.ends[number]
            raise outcome
        return {"out": outcome}

    def change(self, name, value):
        self.changes[name] = value

    async def close(self, seconds):
        self.closed = True


class Bench(ReplicatedNode):
    """A node with one input and one output, its context, and what became of its items."""

    def __init__(self, count, **asked):
        super().__init__()
        self.ends, self.begun, self.made = {}, [], []
        self.node = self.new_node()
        asked = Replicas(count, **asked)
        self.replicated = Replicated(asked, count, self, {}, self.make, asked.item_key(Node))

    def new_node(self):
        return SimpleNamespace(inputs={"in": None}, context=self, keyed_states=None)

    async def make(self, node, place):
        self.made.append(Scripted(self, place))
        return self.made[-1]

    def start(self, node=None):
        self.running = asyncio.create_task(
            self.replicated.process(node or self.node, self.monitor))

    def feed(self, *numbers):
        for number in numbers:
            self.items.put_nowait(number)

    async def end(self, number, outcome=None):
        self.ends[number].set_result(number if outcome is None else outcome)
        await turns()

    async def close(self):
        self.running.cancel()
        await asyncio.wait({self.running})
        await self.replicated.close()


async def turns():
    for _ in range(TURNS):
        await asyncio.sleep(0)


def on_bench(count, **asked):
    """Run a test on a bench, which is cleaned up behind it."""
    def decorate(test):
        def run():
            async def main():
                bench = Bench(count, **asked)
                bench.start()
                await turns()
                await test(bench)
                await bench.close()
                assert all(replica.closed for replica in bench.made)
            asyncio.run(main())
        run.__name__ = test.__name__
        return run
    return decorate


@on_bench(3)
async def test_an_item_is_taken_when_somebody_is_free_and_a_slow_one_gets_fewer(bench):
    bench.feed(*range(10))
    await turns()
    assert [number for number, _ in bench.begun] == [0, 1, 2] and bench.items.qsize() == 7
    for number in range(1, 9):
        await bench.end(number)
    slow = dict(bench.begun)[0]
    assert [place for _, place in bench.begun].count(slow) == 1
    assert bench.given == []
    await bench.end(0)
    assert bench.given == list(range(9))


@on_bench(2)
async def test_while_one_hangs_the_others_do_not_get_ahead_of_it_without_end(bench):
    bench.feed(*range(100))
    await turns()
    for number in range(1, 2 * ROUNDS_EACH):
        await bench.end(number)
    assert len(bench.begun) == 2 * ROUNDS_EACH and bench.given == []
    await bench.end(0)
    assert bench.given == list(range(2 * ROUNDS_EACH))


@on_bench(3, unordered=True)
async def test_unordered_each_is_given_when_it_is_done(bench):
    bench.feed(0, 1, 2)
    await turns()
    for number in (1, 2, 0):
        await bench.end(number)
    assert bench.given == [1, 2, 0]


@on_bench(3, key="in")
async def test_items_of_one_key_wait_for_each_other_and_others_do_not(bench):
    other = next(key for key in range(1, 100)
                 if place_of(repr(key), 3) != place_of(repr(0), 3))
    bench.ends = Pairs()
    bench.feed(0, 0, other)
    await turns()
    assert bench.begun == [(0, place_of("0", 3)), (other, place_of(repr(other), 3))]
    bench.ends.of(0)[0].set_result("first")
    await turns()
    assert bench.begun[2:] == [(0, place_of("0", 3))]
    assert bench.given == ["first"]


class Pairs:
    """Futures of several rounds of the same number."""

    def __init__(self):
        self.all = {}

    def of(self, number):
        return self.all[number]

    def setdefault(self, number, future):
        self.all.setdefault(number, []).append(future)
        return future


def test_another_count_moves_no_more_keys_than_it_has_to():
    keys = [repr(f"robot_{number}") for number in range(300)]
    before, after = ([place_of(key, count) for key in keys] for count in (3, 4))
    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert set(moved) == {4} and 40 < len(moved) < 110
    assert set(before) == {1, 2, 3}


@on_bench(2)
async def test_the_item_of_a_replica_that_has_died_goes_to_another_in_its_turn(bench):
    bench.feed(0, 1, 2, 3)
    await turns()
    await bench.end(0, ReplicaGoneError("was killed"))
    assert [number for number, _ in bench.begun] == [0, 1, 0]
    for number in (1, 0, 2, 3):
        await bench.end(number)
    assert bench.given == [0, 1, 2, 3] and len(bench.made) == 3
    bench.made[0].closed = True  # it is dead


@on_bench(1)
async def test_one_that_is_killed_while_it_is_set_up_is_made_again_and_not_for_ever(bench):
    deaths = 2

    async def make(node, place, make=bench.make):
        nonlocal deaths
        if deaths:
            deaths -= 1
            raise ReplicaGoneError("was killed by SIGKILL")
        return await make(node, place)

    bench.replicated._make = make
    bench.replicated.scale(2)
    bench.feed(0, 1)
    await turns()
    assert sorted(place for _, place in bench.begun) == [1, 2] and deaths == 0
    deaths = 3
    await bench.end(1, ReplicaGoneError("was killed"))
    bench.made[dict(bench.begun)[1] - 1].closed = True  # it is dead
    with pytest.raises(DnneError, match="3 replicas have died while they were set up; the last "
                                        "one was killed by SIGKILL"):
        bench.running.result()


@on_bench(2)
async def test_an_error_is_raised_behind_the_results_before_it_and_the_next_follow(bench):
    bench.feed(0, 1, 2)
    await turns()
    await bench.end(1, ValueError("bad"))
    assert not bench.running.done()
    await bench.end(0)
    assert bench.given == [0] and bench.replicated.at == 2
    with pytest.raises(ValueError, match="bad"):
        bench.running.result()
    bench.start()
    await turns()
    await bench.end(2)
    assert bench.given == [0, 2]


@on_bench(2)
async def test_made_anew_it_gives_up_the_item_at_which_it_hung_and_no_other(bench):
    bench.feed(0, 1, 2)
    await turns()
    await bench.end(1)
    bench.running.cancel()
    await turns()
    bench.node = bench.new_node()
    bench.start()
    await turns()
    assert bench.given == [1] and [replica.closed for replica in bench.made] == [
        True, True, False, False]
    bench.ends[2].set_result(2)
    await turns()
    assert bench.given == [1, 2]


@on_bench(1)
async def test_scaled_up_and_down_it_has_so_many_and_all_know_of_changes(bench):
    bench.replicated.change("gain", 2)
    bench.feed(*range(6))
    bench.replicated.scale(3)
    await turns()
    assert [number for number, _ in bench.begun] == [0, 1, 2]
    assert [replica.changes for replica in bench.made] == [{"gain": 2}] * 3
    bench.replicated.scale(1)
    await turns()
    assert not any(replica.closed for replica in bench.made)  # they are at work
    for number in (2, 1, 0, 3):
        await bench.end(number)
    assert bench.given == [0, 1, 2, 3]
    assert [replica.closed for replica in bench.made] == [False, True, True]
    assert [place for _, place in bench.begun[3:]] == [1, 1]
    await bench.end(4)


@on_bench(2)
async def test_one_more_that_cannot_be_set_up_leaves_as_many_as_there_were(bench):
    said = []
    bench.log.error = said.append

    async def make(node, place, make=bench.make):
        if place == 4:
            raise OSError("no more devices")
        return await make(node, place)

    bench.replicated._make = make
    bench.replicated.scale(5)
    await turns()
    assert said == ["replica 4 could not be set up: OSError: no more devices; it has 2 replicas, "
                    "as before"]
    assert bench.replicated.count == 2 and not bench.running.done()
    assert [replica.closed for replica in bench.made] == [False, False, True, True]
    bench.replicated.scale(3)
    bench.feed(0, 1, 2)
    await turns()
    assert sorted(place for _, place in bench.begun) == [1, 2, 3]


@on_bench(2, key="in")
async def test_keys_go_to_further_replicas_when_all_of_them_are_there(bench):
    arrived = asyncio.get_running_loop().create_future()

    async def make(node, place, make=bench.make):
        await arrived
        return await make(node, place)

    bench.replicated._make = make
    bench.replicated.scale(4)
    moved = next(key for key in range(100) if place_of(repr(key), 4) > 2)
    bench.feed(moved)
    await turns()
    assert bench.begun == [(moved, place_of(repr(moved), 2))], "it waits for nobody's setup"
    await bench.end(moved)
    arrived.set_result(None)
    await turns()
    bench.ends.clear()
    bench.feed(moved)
    await turns()
    assert bench.begun[1:] == [(moved, place_of(repr(moved), 4))]


@on_bench(3, key="in")
async def test_scaled_down_and_up_again_before_one_is_through_keys_go_to_all(bench):
    last = next(key for key in range(100) if place_of(repr(key), 3) == 3)
    bench.feed(last, last)
    await turns()
    for count in (2, 3):
        bench.replicated.scale(count)
    await turns()
    bench.ends.pop(last).set_result(None)
    await turns()
    assert bench.begun == [(last, 3), (last, 3)] and len(bench.made) == 3
