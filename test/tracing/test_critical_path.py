"""The critical path of graphs of which is known what sets their pace."""

import asyncio
import io

import pytest
from rich.console import Console

from dnne_ros.tracing.analysis import analyze
from dnne_ros.tracing.critical_path import EDGE, WORK, Part
from dnne_ros.tracing.tables import show

ROUNDS = 40


def pace(trace):
    """Return the first part of the critical path, and all of them by part."""
    path = analyze(trace).path
    return path[0], {part.part: part for part in path}


def relay(graph, ms, rounds=ROUNDS):
    """Return a node that works for a while on each item."""
    async def behaviour(take, give):
        for _ in range(rounds):
            await take("in")
            graph.work(ms)
            await give("out")
    return behaviour


def source(graph, ms):
    async def behaviour(take, give):
        for _ in range(ROUNDS):
            graph.work(ms)
            await give("out")
    return behaviour


def sink(graph, ms):
    async def behaviour(take, give):
        for _ in range(ROUNDS):
            await take("in")
            graph.work(ms)
    return behaviour


@pytest.mark.parametrize("slow", ["first", "second", "third"])
def test_a_slow_node_sets_the_pace(traced_graph, run_async, slow):
    graph = traced_graph
    graph.link("first/out", "second/in")
    graph.link("second/out", "third/in")
    ms = {name: 10 if name == slow else 1 for name in ("first", "second", "third")}
    trace = graph.run(run_async, first=source(graph, ms["first"]),
                      second=relay(graph, ms["second"]), third=sink(graph, ms["third"]))
    first, parts = pace(trace)
    assert first.part == Part(WORK, slow)
    assert first.share == pytest.approx(10 / 12, abs=0.05)
    # All share one thread: half of the slow one's time is 5 of 12 ms.
    assert first.twice_as_fast == pytest.approx(12 / 7 - 1, rel=0.15)
    other = parts[Part(WORK, "first" if slow != "first" else "second")]
    assert other.share == pytest.approx(1 / 12, abs=0.03)


def test_a_slow_node_of_a_loop_sets_the_pace(traced_graph, run_async):
    graph = traced_graph
    graph.link("starter/out", "fast/in")
    graph.link("fast/out", "slow/in")
    graph.link("slow/out", "starter/in")

    async def starter(take, give):
        for _ in range(ROUNDS):
            await give("out")
            await take("in")

    trace = graph.run(run_async, starter=starter, fast=relay(graph, 1), slow=relay(graph, 3))
    analysis = analyze(trace)
    assert analysis.loop and analysis.paced == ["fast", "slow", "starter"]
    first, parts = pace(trace)
    assert first.part == Part(WORK, "slow") and first.share == pytest.approx(0.75, abs=0.02)
    assert first.instant == pytest.approx(3.0, rel=0.05)
    assert parts[Part(WORK, "fast")].instant == pytest.approx(1 / 3, rel=0.05)


def test_a_slow_edge_sets_the_pace(traced_graph, run_async):
    """Something that is no node takes time between two nodes: the edge is named, and no node."""
    graph = traced_graph
    slow = graph.link("starter/out", "other/in")
    graph.link("other/out", "starter/in")
    edge = graph.edges[slow][2]
    offer = edge._offer

    def offer_late(value):
        def arrive():
            graph.work(8)
            offer(value)
        asyncio.get_running_loop().call_soon(arrive)

    edge._offer = offer_late

    async def starter(take, give):
        for _ in range(ROUNDS):
            graph.work(1)
            await give("out")
            await take("in")

    first, _ = pace(graph.run(run_async, starter=starter, other=relay(graph, 1)))
    assert first.part == Part(EDGE, slow) and first.share == pytest.approx(0.8, abs=0.02)
    assert first.instant == pytest.approx(4.0, rel=0.05)


def test_a_full_queue_leads_to_who_does_not_empty_it(traced_graph, run_async):
    """A source works much, but is held up by a sink that works more: there, time is lost."""
    graph = traced_graph
    full = graph.link("source/out", "slow/in", capacity=2)
    wide = graph.link("source/out", "quick/in", capacity=100)
    trace = graph.run(run_async, source=source(graph, 0.1), slow=sink(graph, 5),
                      quick=sink(graph, 0.1))
    analysis = analyze(trace)
    assert analysis.path[0].part == Part(WORK, "slow") and analysis.path[0].share > 0.9
    edges = {edge.name: edge for edge in analysis.edges}
    assert edges[full].blocked > 0.8 and edges[wide].blocked == 0
    nodes = {node.name: node for node in analysis.nodes}
    assert nodes["source"].blocked > 0.8 and nodes["slow"].utilisation > 0.9


def test_a_loop_is_blocked_by_a_sink_beside_it(traced_graph, run_async):
    """What sets a loop's pace need not stand in it: a full edge out of it stops it as well."""
    graph = traced_graph
    graph.link("starter/out", "other/in")
    graph.link("other/out", "starter/in")
    side = graph.link("other/out", "log/in", capacity=1)

    async def starter(take, give):
        for _ in range(ROUNDS):
            await give("out")
            await take("in")

    async def log(take, give):
        for _ in range(ROUNDS):
            await take("in")
            for _ in range(30):  # others have their turns meanwhile, as in a process of their own
                graph.work(0.2)
                await asyncio.sleep(0)

    trace = graph.run(run_async, starter=starter, other=relay(graph, 0.5), log=log)
    analysis = analyze(trace)
    assert analysis.loop and analysis.paced == ["other", "starter"]
    assert analysis.path[0].part == Part(WORK, "log")
    assert analysis.path[0].twice_as_fast == pytest.approx(6.5 / 3.5 - 1, rel=0.15)
    blocked = {edge.name: edge.blocked for edge in analysis.edges}
    assert blocked[side] > 0.5 and all(
        share == 0 for name, share in blocked.items() if name != side)


def test_a_node_that_waits_for_a_time_does_not_hold_the_others_up(traced_graph, run_async):
    """It looks as if it worked all the time, but others work meanwhile."""
    graph = traced_graph
    graph.link("starter/out", "other/in")
    graph.link("other/out", "starter/in")
    graph.link("starter/seen", "display/in")
    over = asyncio.Event()

    async def starter(take, give):
        for number in range(ROUNDS):
            graph.work(1)
            await give("out")
            await take("in")
            if number in (0, ROUNDS // 2):
                await give("seen")
        over.set()

    async def display(take, give):
        await take("in")
        await over.wait()
        await take("in")

    trace = graph.run(run_async, starter=starter, other=relay(graph, 2), display=display)
    first, parts = pace(trace)
    assert first.part == Part(WORK, "other") and first.share == pytest.approx(2 / 3, abs=0.05)
    assert parts.get(Part(WORK, "display")) is None or parts[Part(WORK, "display")].share < 0.01
    assert {node.name: node for node in analyze(trace).nodes}["display"].resting > 0.9


def test_of_a_sample_of_the_items_no_path_is_told(traced_graph, run_async):
    graph = traced_graph
    graph.every = 4
    graph.link("source/out", "sink/in")
    analysis = analyze(graph.run(run_async, source=source(graph, 1), sink=sink(graph, 5)))
    assert analysis.path == [] and analysis.as_dict()["critical_path"]["parts"] == []
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(show(analysis))
    assert "no critical path: it takes every item" in console.export_text()
    assert [edge.items_per_s > 0 for edge in analysis.edges] == [True]
