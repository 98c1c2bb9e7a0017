"""Nodes that several of their type work for: order, kills, keys, errors, and their number."""

import json
import os
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from dnne_ros.cli.main import main

NODES = [word for name in ("fault_nodes.py", "replica_nodes.py")
         for word in ("--nodes", str(Path(__file__).with_name(name)))]


class Graph:
    """Numbers, worked on by a node that has replicas, and written down."""

    def __init__(self, folder, replicas, *, count=400, kind="Work", widgets=None, options=None):
        self.out = folder / "lines"
        self.file = folder / "replicas.json"
        between = {"4": {"class_type": "Keyed", "inputs": {"value": ["1", 0]}}} \
            if kind in ("KeyedWork", "Totals") else {}
        port, source = ("order", "4") if between else ("value", "1")
        self.file.write_text(json.dumps({
            "1": {"class_type": "Numbers", "inputs": {"count": count}},
            "2": {"class_type": kind, "inputs": {port: [source, 0], **(widgets or {})},
                  "dnne_ros": {**({"replicas": replicas} if replicas else {}),
                               **(options or {})}},
            "3": {"class_type": "WriteLines", "inputs": {
                "done": ["2", 0], "file": str(self.out)}}, **between}))

    @property
    def lines(self):
        """What has been written down; the last line may be about to be."""
        text = self.out.read_text() if self.out.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True)
                if line.endswith("\n")]

    def numbers(self):
        return [line["number"] for line in self.lines]


@pytest.fixture
def run_of(start_run):
    """Start a graph, with a way to wait for so many lines."""
    def start(graph, *arguments):
        run = start_run(graph.file, *NODES, *arguments)
        run.until_lines = lambda count: run.until(
            lambda: len(graph.lines) >= count, f"{count} lines", moved=lambda: len(graph.lines))
        return run
    return start


def workers_of(run):
    """Return the processes that work for `Work`, which are named after it."""
    return [psutil.Process(pid) for name, child in run.children().items()
            if name.startswith(("work_2_", "deadly_2_", "totals_2_")) for pid in [child.pid]]


@pytest.mark.parametrize("within", ["threads", "processes"])
def test_several_work_at_a_time_and_results_are_in_the_order_of_the_items(
        run_of, tmp_path, within):
    graph = Graph(tmp_path, {"count": 3, "in": within})
    run = run_of(graph)
    run.until_lines(400)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert graph.numbers() == list(range(400))
    assert all(line["square"] == line["number"] ** 2 for line in graph.lines)
    assert len({(line["pid"], line["thread"]) for line in graph.lines}) == 3
    assert all(not psutil.pid_exists(line["pid"]) for line in graph.lines)
    assert "Traceback" not in run.output


@pytest.mark.long
def test_unordered_results_come_as_they_are_done_and_all_of_them(run_of, tmp_path):
    graph = Graph(tmp_path, {"count": 3, "unordered": True})
    run = run_of(graph)
    run.until_lines(400)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert graph.numbers() != list(range(400))
    assert sorted(graph.numbers()) == list(range(400))


def test_items_of_a_key_are_worked_on_in_order_one_at_a_time_and_by_the_same(run_of, tmp_path):
    graph = Graph(tmp_path, {"count": 3, "key": "order.of.key", "unordered": True},
                  kind="KeyedWork")
    run = run_of(graph)
    run.until_lines(400)
    run.interrupt()
    assert run.wait() == 130, run.output
    by_key = defaultdict(list)
    for line in graph.lines:
        by_key[line["key"]].append(line)
    assert sum(map(len, by_key.values())) == 400
    for lines in by_key.values():
        assert [line["number"] for line in lines] == sorted(line["number"] for line in lines)
        assert len({line["thread"] for line in lines}) == 1
        assert all(one["began"] < other["began"] for one, other in pairwise(lines))
    assert len({line["thread"] for line in graph.lines}) > 1


def totals_of(numbers):
    """Return what `Totals` has for each of the numbers from 0."""
    by_key, made = defaultdict(list), []
    for number in range(numbers):
        by_key[f"k{number * number % 11}"].append(number)
        made.append(list(by_key[f"k{number * number % 11}"]))
    return made


@pytest.mark.parametrize("within", ["threads", "processes"])
def test_the_state_of_a_key_survives_kills_and_scaling(run_of, start_command, tmp_path, within):
    graph = Graph(tmp_path, {"count": 3, "in": within}, kind="Totals", count=600)
    run = run_of(graph)
    for part, count in enumerate((5, 1, 4), 1):
        run.until_lines(100 * part)
        done = start_command("dnne_ros", "scale", "totals_2", str(count), folder=tmp_path)
        assert done.wait() == 0, done.output
        for worker in workers_of(run)[:2]:
            worker.kill()
    run.until_lines(600)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert graph.numbers() == list(range(600))
    assert [line["numbers"] for line in graph.lines] == totals_of(600)
    if within == "processes":
        assert "was killed by SIGKILL" in run.output


@pytest.mark.parametrize(("first", "then"), [
    ({"count": 3, "in": "processes"}, {"count": 2, "in": "threads", "unordered": True}),
    ({"count": 4}, None), (None, {"count": 2, "in": "processes"})])
def test_a_checkpoint_has_the_state_of_each_key_as_of_what_was_given(
        run_of, tmp_path, first, then):
    graph = Graph(tmp_path, first, kind="Totals", count=10**6)
    run = run_of(graph, "--save-checkpoint-dir", str(tmp_path / "saved"))
    run.until_lines(150)
    run.interrupt()
    assert run.wait() == 130, run.output
    graph.out.unlink()
    again = Graph(tmp_path, then, kind="Totals", count=12)
    run = run_of(again, "--load-checkpoint-dir", str(tmp_path / "saved"))
    run.until_lines(12)
    run.interrupt()
    assert run.wait() == 130, run.output
    known = {}
    for line in sorted(again.lines, key=lambda line: line["number"]):
        known.setdefault(line["key"], line["numbers"][:-1])
        known[line["key"]] = known[line["key"]] + [line["number"]]
        assert line["numbers"] == known[line["key"]]
    before = sorted({number for numbers in known.values() for number in numbers})
    assert before == list(range(len(before))) and len(before) >= 150 - 1


@pytest.mark.parametrize(("replicas", "hangs", "policy"), [
    (None, -1, "restart"), ({"count": 3, "in": "processes"}, 33, "warn"),
    ({"count": 3}, 33, "warn")])
def test_what_fails_or_hangs_leaves_the_state_as_it_was(
        run_of, tmp_path, replicas, hangs, policy):
    graph = Graph(tmp_path, replicas, kind="Totals", count=60,
                  widgets={"bad": 20, "hangs": hangs},
                  options={"errors": {"policy": policy},
                           "deadline": {"seconds": 2.0, "policy": "restart"}})
    run = run_of(graph)
    run.until_lines(59 - (hangs > 0))
    run.interrupt()
    run.wait()
    model = defaultdict(list)
    for line in graph.lines:
        model[line["key"]].append(line["number"])
        assert line["numbers"] == model[line["key"]]
    assert graph.numbers() == [number for number in range(60) if number not in (20, hangs)]
    assert "the node is made anew" in run.output


def test_keys_and_states_may_be_long(run_of, tmp_path):
    graph = Graph(tmp_path, {"count": 3, "in": "processes"}, kind="LargeStates", count=40)
    run = run_of(graph)
    run.until_lines(40)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert [line["kept"] for line in graph.lines] == [
        [each for each in range(number % 5, number + 1, 5) if each] for number in range(40)]


def test_a_replica_that_is_killed_loses_nothing_and_comes_back(run_of, tmp_path):
    graph = Graph(tmp_path, {"count": 3, "in": "processes"}, count=1500)
    run = run_of(graph)
    killed = set()
    for part in range(1, 8):
        run.until_lines(150 * part)
        alive = run.until(lambda: [each for each in workers_of(run) if each.pid not in killed],
                          "replicas")
        for worker in alive[:part % 3 + 1]:
            killed.add(worker.pid)
            worker.kill()
    run.until_lines(1500)
    run.until(lambda: len(workers_of(run)) == 3, "three replicas")
    run.terminate()
    run.wait()
    assert graph.numbers() == list(range(1500))
    assert "was killed by SIGKILL; its item goes to another" in run.output
    assert not any(psutil.pid_exists(pid) for pid in killed)


@pytest.mark.parametrize("within", [
    "threads", pytest.param("processes", marks=pytest.mark.long)])
def test_the_process_of_the_node_may_be_killed_too(run_of, tmp_path, within):
    graph = Graph(tmp_path, {"count": 3, "in": within}, count=1500)
    run = run_of(graph, "--place", "split", "--respawn")
    for part in (1, 2, 3):
        run.until_lines(300 * part)
        old = run.child("work_2")
        workers = [*old.children(recursive=True)]
        old.kill()
        run.until(lambda old=old: (new := run.child("work_2")) is not None
                  and new.pid != old.pid, "the next", moved=lambda: len(graph.lines))
        psutil.wait_procs(workers, timeout=60)
        assert not any(worker.is_running() for worker in workers)
    run.until_lines(1500)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert graph.numbers() == list(range(1500))
    assert sum(edge["lost"] + edge["dropped"] for edge in run.report["edges"]) == 0


def test_an_item_that_kills_three_replicas_is_an_error_of_the_node(run_of, tmp_path):
    graph = Graph(tmp_path, {"count": 2, "in": "processes"}, kind="Deadly", widgets={"bad": 20},
                  options={"errors": {"policy": "warn"}})
    run = run_of(graph)
    run.until_lines(399)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert graph.numbers() == [number for number in range(400) if number != 20]
    assert "failed at item 21" in run.output
    assert "3 replicas have died over this item; the last one has left with code 3" in run.output


@pytest.mark.parametrize("within", [
    "processes", pytest.param("threads", marks=pytest.mark.long)])
def test_an_error_comes_in_its_turn_and_names_node_and_item(run_of, tmp_path, within):
    graph = Graph(tmp_path, {"count": 3, "in": within}, widgets={"bad": 50})
    run = run_of(graph)
    assert run.wait() == 1
    assert "/replicas/work_2 (item 51): ValueError: 50 is bad" in run.output
    assert graph.numbers() == list(range(len(graph.lines)))
    assert not os.path.exists(f"/proc/{graph.lines[0]['pid']}")


@pytest.mark.long
@pytest.mark.parametrize(("within", "policy"), [
    ("threads", "safe_value"), ("threads", "restart"), ("processes", "restart")])
def test_what_hangs_is_late_in_its_turn_and_no_other_item_goes_with_it(
        run_of, tmp_path, within, policy):
    graph = Graph(tmp_path, {"count": 3, "in": within}, kind="Hanging", count=60,
                  widgets={"bad": 7},
                  options={"deadline": {"seconds": 0.5, "policy": policy}})
    run = run_of(graph)
    run.until_lines(59 + (policy == "safe_value"))
    run.interrupt()
    run.wait()
    numbers = [number for number in range(60) if number != 7]
    if policy == "safe_value":
        numbers.insert(7, -1)
    assert graph.numbers() == numbers


@pytest.mark.parametrize("unordered", [False, True])
def test_one_that_is_stopped_gets_no_more_and_holds_up_no_end(run_of, tmp_path, unordered):
    graph = Graph(tmp_path, {"count": 3, "in": "processes", "unordered": unordered},
                  count=10**6)
    run = run_of(graph)
    run.until_lines(30)
    stopped = workers_of(run)[0]
    stopped.suspend()
    if unordered:  # in order, the others wait for its item once they are far enough ahead
        before = len(graph.lines)
        run.until_lines(before + 200)
        late = graph.lines[before + 100:]
        assert {line["pid"] for line in late} == {
            each.pid for each in workers_of(run)} - {stopped.pid}
    run.interrupt()
    assert run.wait() == 130, run.output
    assert not stopped.is_running()


def refusal(capsys, graph):
    assert main(["check", str(graph.file), *NODES]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(("replicas", "kind", "expected"), [
    (True, "Work", "expected a whole number from 1 to 64, found True"),
    ({"count": 2, "im": "threads"}, "Work", "unknown entry 'im'; expected count, in, key"),
    ({"count": 2, "in": "space"}, "Work", "in: expected threads or processes, found 'space'"),
    (2, "Remembers", "it keeps a state, of which each replica would have another part; one for "
                     "each key of its items (state_per) would do"),
    ({"count": 2, "key": "value"}, "PerNumber", "key: expected none, as its type says what its "
                                                "state is kept for (state_per)"),
    (2, "PerMissing", "state_per: 'other' is no input that items come to; these are value"),
    (None, "PerMissing", "state_per: 'other' is no input that items come to; these are value"),
    (2, "PerEntry", "state_per: 'value.of': items of value have no entries: they are INT"),
    (2, "WriteDown", "its type has a process() of its own"),
    ({"count": 2, "key": "number"}, "Work", "key: 'number' is no input that items come to; "
                                            "these are value")])
def test_what_cannot_be_is_said_before_the_start(tmp_path, capsys, replicas, kind, expected):
    graph = Graph(tmp_path, replicas, kind="Work")
    document = json.loads(graph.file.read_text())
    document["2"]["class_type"] = kind
    if kind == "WriteDown":
        del document["3"]
    graph.file.write_text(json.dumps(document))
    said = refusal(capsys, graph)
    assert f"node 2 ({kind})" in said and expected in said


def test_a_node_is_scaled_while_it_runs(
        run_of, start_command, tmp_path):
    graph = Graph(tmp_path, {"count": 1, "in": "processes"}, count=10**6)
    run = run_of(graph)
    run.until_lines(10)

    def pids():
        return {line["pid"] for line in graph.lines[-30:]}

    def scale(count, *more):
        done = start_command("dnne_ros", "scale", "work_2", str(count), *more, folder=tmp_path)
        return done.wait(), done.output

    assert scale(4) == (0, "/replicas/work_2: 1 → 4 replicas\n")
    run.until(lambda: len(pids()) == 4, "four at work", moved=lambda: len(graph.lines))
    assert scale(2) == (0, "/replicas/work_2: 4 → 2 replicas\n")
    run.until(lambda: len(pids()) == 2 and len(workers_of(run)) == 2, "two at work",
              moved=lambda: len(graph.lines))
    for count in (65, 0, -1, 10**9):
        code, said = scale(count)
        assert code == 2 and f"expected a number from 1 to 64, found {count}" in said
    done = start_command("dnne_ros", "scale", "numbers_1", "2", folder=tmp_path)
    assert done.wait() == 2 and "/replicas/numbers_1 has no replicas" in done.output
    done = start_command("dnne_ros", "scale", "work", "2", folder=tmp_path)
    assert done.wait() == 1 and ("no node work within 10 s; there are /replicas/numbers_1, "
                                 "/replicas/work_2, /replicas/write_lines_3") in done.output
    run.interrupt()
    assert run.wait() == 130, run.output
    assert graph.numbers() == list(range(len(graph.lines)))
