"""Which placement the recorded steps promise more of."""

import pytest

from dnne_ros.tracing.analysis import analyze
from dnne_ros.tracing.placing import suggest
from dnne_ros.tracing.step_shares import step_shares

ROUNDS = 60


@pytest.fixture
def line(traced_graph, run_async):
    """Return the trace of ``first`` and ``second``, each of which works for so many ms."""
    def run(first, second, capacity=100):
        graph = traced_graph
        graph.link("first/out", "second/in", capacity=capacity)

        async def begin(take, give):
            for _ in range(ROUNDS):
                graph.work(first)
                await give("out")

        async def end(take, give):
            for _ in range(ROUNDS):
                await take("in")
                graph.work(second)

        return graph.run(run_async, first=begin, second=end)
    return run


def test_two_nodes_that_could_work_at_the_same_time_are_taken_apart(line):
    found = suggest(line(5, 5), [["first"], ["second"]], cores=2)
    assert sorted(map(sorted, found.processes.values())) == [["first"], ["second"]]
    assert found.gain == pytest.approx(1.0, abs=0.15), "twice as much"


@pytest.mark.parametrize("first, second, bound, cores", [
    (5, 0.1, [["first"], ["second"]], 2),  # one of them does it all
    (0.02, 0.02, [["first"], ["second"]], 2),  # a way between processes takes longer
    (5, 5, [["first", "second"]], 2),  # they may not part
    (5, 5, [["first"], ["second"]], 1)])
def test_where_it_brings_nothing_all_stay_together(line, first, second, bound, cores):
    assert suggest(line(first, second), bound, cores) is None


def test_nodes_of_a_loop_gain_nothing_by_parting(traced_graph, run_async):
    graph = traced_graph
    graph.link("ask/out", "answer/in")
    graph.link("answer/out", "ask/in")

    async def ask(take, give):
        for _ in range(ROUNDS):
            graph.work(5)
            await give("out")
            await take("in")

    async def answer(take, give):
        for _ in range(ROUNDS):
            await take("in")
            graph.work(5)
            await give("out")

    assert suggest(graph.run(run_async, ask=ask, answer=answer), [["ask"], ["answer"]], 2) is None


def test_the_time_of_a_step_is_summed_up_by_what_it_goes_into(line):
    trace = line(5, 3, capacity=1)
    found = step_shares(analyze(trace), {}).as_dict()
    assert found["steps_per_s"] == pytest.approx(125, rel=0.05)
    parts = {part["what"]: part["ms"] for part in found["parts"]}
    assert parts["work of first"] == pytest.approx(5, rel=0.1)
    assert parts["work of second"] == pytest.approx(3, rel=0.1)
    assert sum(part["share"] for part in found["parts"]) == pytest.approx(1.0)
    by_dds = step_shares(analyze(trace), {"first/out → second/in": "dds"}).shares
    assert not any("within a process" in what for what in by_dds)
