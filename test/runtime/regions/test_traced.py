"""A region that is traced records what its nodes do, as if each did it by itself."""

import asyncio
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from networks import Network, turns
from random_networks import networks, outcome

from dnne_ros.tracing.parts import parts_in, read_parts
from dnne_ros.tracing.ring import SIZE, Kind
from dnne_ros.tracing.tracer import NodeTracer, Tracer

CHAIN = {"a": ({"in": "source.out"}, lambda item: {"out": item + 1}),
         "b": ({"in": "a.out"}, lambda item: {"out": 2 * item}),
         "c": ({"in": "b.out"}, lambda item: {"out": item - 1})}


def recorder(folder, names, every=1, records=10_000):
    about = {"graph": "/made", "run": "1", "host": "", "outside": [], "edges": [],
             "nodes": dict.fromkeys(names, "Made")}
    return Tracer(Path(folder), "main", about, every, records)


def acts_in(folder):
    return read_parts(parts_in(Path(folder))).acts


def what(acts):
    """Return what was done, but for when."""
    return [(act.kind.name, act.port, act.number, act.count, act.text, act.size) for act in acts]


def traced_outcome(nodes, compiled, capacity, seed, every):
    """Return what comes of a network that is traced, and what its nodes did."""
    with tempfile.TemporaryDirectory() as folder:
        tracer = recorder(folder, nodes, every)
        found = asyncio.run(outcome(nodes, compiled, capacity, seed, lambda node: node.trace(
            NodeTracer(tracer, node.node_id))))
        tracer.close()
        return found, acts_in(folder)


@settings(max_examples=60, deadline=None)
@given(networks(), st.sampled_from((1, 2, 100)), st.integers(0, 2**32 - 1),
       st.sampled_from((1, 1, 3)))
def test_what_is_recorded_of_any_network_is_what_its_nodes_record_one_by_one(
        nodes, capacity, seed, every):
    """Whatever is cut out meanwhile: the same items of the same ports, in the same order."""
    expected, alone = traced_outcome(nodes, False, capacity, 0, every)
    found, merged = traced_outcome(nodes, True, capacity, seed, every)
    assert found == expected
    assert {name: what(acts) for name, acts in merged.items()} == {
        name: what(acts) for name, acts in alone.items()}
    for acts in merged.values():
        assert all(act.since <= act.ended and act.began <= act.ended for act in acts)
        if every == 1:
            assert all(after.since == before.ended for before, after in pairwise(acts))


async def running(tracers, nodes=CHAIN, **details):
    """Return a chain that is one region and is traced from its fifth item on."""
    network = Network(nodes, taken=("c.out",), **details)
    network.start()
    for number in (1, 2, 3, 4):
        await passed(network, number)
    for node, tracer in tracers.items():
        network.nodes[node].trace(NodeTracer(tracer, node))
    for node in network.nodes.values():
        node.by_itself = 0
    return network


async def passed(network, item):
    """Return what becomes of an item."""
    await network.sources["source.out"].send(item)
    found = await network.ends["c.out"].get(None)
    await turns()
    return found


def stays_merged(network):
    return not any(node.by_itself for node in network.nodes.values())


def test_nodes_that_are_traced_stay_merged_and_each_item_is_recorded(run_async, tmp_path):
    tracer = recorder(tmp_path, CHAIN)

    async def main():
        network = await running(dict.fromkeys(CHAIN, tracer))
        for number in range(5):
            assert await passed(network, number) == 2 * number + 1
        assert stays_merged(network)
    run_async(main())
    for acts in acts_in(tmp_path).values():
        assert what(acts) == [(kind, port, number, 1, text, 0) for number in range(5, 10)
                              for kind, port, text in (
                                  ("TAKEN", "in", ""), ("SENT", "out", "int"))]


def test_of_some_nodes_of_a_region_only_these_are_recorded_each_by_its_own(run_async, tmp_path):
    folders = {name: tmp_path / name for name in ("a", "c")}
    for folder in folders.values():
        folder.mkdir()
    tracers = {name: recorder(folder, CHAIN) for name, folder in folders.items()}

    async def main():
        network = await running(tracers)
        await passed(network, 5)
        network.nodes["a"].trace(None)
        await passed(network, 6)
        assert stays_merged(network)
    run_async(main())
    assert [act[:3] for act in what(acts_in(folders["a"])["a"])] == [
        ("TAKEN", "in", 5), ("SENT", "out", 5)]
    assert [act[:3] for act in what(acts_in(folders["c"])["c"])] == [
        ("TAKEN", "in", 5), ("SENT", "out", 5), ("TAKEN", "in", 6), ("SENT", "out", 6)]


def test_what_a_node_works_on_is_recorded_before_it_is_through(run_async, tmp_path):
    """It may never be: a kill leaves what was taken, and what the nodes before it gave."""
    tracer = recorder(tmp_path, CHAIN)
    seen = {}

    def look(item):
        if item > 5:
            seen.update(acts_in(tmp_path))
            assert stays_merged(network)
        return {"out": item}

    async def main():
        nonlocal network
        network = await running(dict.fromkeys(CHAIN, tracer),
                                {**CHAIN, "b": ({"in": "a.out"}, look)})
        await passed(network, 5)
    network = None
    run_async(main())
    assert {name: [act[:3] for act in what(acts)] for name, acts in seen.items()} == {
        "a": [("TAKEN", "in", 5), ("SENT", "out", 5)], "b": [("TAKEN", "in", 5)]}


def test_of_a_round_that_fails_there_is_what_was_done(run_async, tmp_path):
    tracer = recorder(tmp_path, CHAIN)

    async def main():
        network = await running(dict.fromkeys(CHAIN, tracer), {
            **CHAIN, "b": ({"in": "a.out"}, lambda item: {"out": 6 // item})})
        await network.sources["source.out"].send(-1)
        await turns()
        with pytest.raises(ZeroDivisionError):
            network.nodes["b"].task.result()
    run_async(main())
    assert {name: [act[:3] for act in what(acts)] for name, acts in acts_in(tmp_path).items()} == {
        "a": [("TAKEN", "in", 5), ("SENT", "out", 5)], "b": [("TAKEN", "in", 5)]}


@pytest.mark.parametrize("records", [10, 5000])
def test_the_newest_are_kept_wherever_in_the_file_a_round_begins(run_async, tmp_path, records):
    tracer = recorder(tmp_path, CHAIN, records=records)
    beside = NodeTracer(tracer, "a")

    async def main():
        network = await running(dict.fromkeys(CHAIN, tracer))
        for number in range(2000):
            await network.sources["source.out"].send(number)
            await network.ends["c.out"].get(None)
            if number % 7 == 0:
                beside.mark("beside", number)
        await turns()
    run_async(main())
    [ring] = tmp_path.glob("*.ring")
    assert ring.stat().st_size <= SIZE * 5000
    acts = acts_in(tmp_path)
    assert sum(map(len, acts.values())) <= records + 1
    for name, done in acts.items():
        numbers = [act.number for act in done if act.kind is not Kind.MARK]
        assert numbers == sorted(numbers) and numbers[-1] == 2004, name
        assert set(Counter(each for each in numbers if each > numbers[0]).values()) <= {2}
        assert len(numbers) >= (records - 400) / 3 - 2


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 10**12

    def __call__(self):
        self.now += 1
        return self.now


def test_work_is_that_of_the_node_that_does_it_and_the_others_wait(
        run_async, tmp_path, monkeypatch):
    clock = Clock()
    for place in ("traced_lines", "region"):
        monkeypatch.setattr(f"dnne_ros.runtime.regions.{place}.monotonic_ns", clock, raising=False)
    monkeypatch.setattr("dnne_ros.tracing.ports.monotonic_ns", clock)
    tracer = recorder(tmp_path, CHAIN)

    def working(seconds):
        def answer(item):
            clock.now += round(1e9 * seconds)
            return {"out": item}
        return answer

    def learning(item):
        clock.now += 5 * 10**9

    nodes = {"a": ({"in": "source.out"}, working(1)), "b": ({"in": "a.out"}, working(3)),
             "c": ({"in": "b.out"}, working(2)), "learner": ({"in": "b.out"}, learning)}

    async def main():
        network = await running(dict.fromkeys(nodes, tracer), nodes)
        for number in range(5):
            await passed(network, number)
        assert stays_merged(network)
    run_async(main())
    acts = acts_in(tmp_path)
    worked = {name: {(act.kind.name, round(1e-9 * act.worked)) for act in done[1:]}
              for name, done in acts.items()}
    assert worked == {"a": {("SENT", 1), ("TAKEN", 0)}, "b": {("SENT", 3), ("TAKEN", 0)},
                      "c": {("SENT", 2), ("TAKEN", 0)}, "learner": {("TAKEN", 5)}}
    waited = {name: {round(1e-9 * (act.ended - act.began)) for act in done[2:]
                     if act.kind is Kind.TAKEN} for name, done in acts.items()}
    assert waited == {"a": {10}, "b": {8}, "c": {9}, "learner": {6}}
