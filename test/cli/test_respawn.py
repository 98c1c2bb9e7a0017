"""Nodes in the middle of a graph that are killed and come back: nothing is lost with them."""

import json
from pathlib import Path

import numpy as np
import pytest

from dnne_ros.cli.main import main

NODES = Path(__file__).with_name("fault_nodes.py")
SEVENTH = 7


class Graph:
    """Nodes by id as (type, widgets, {input: id of the source}), each of one output."""

    def __init__(self, folder, nodes):
        self.file = folder / "graph.json"
        self.file.write_text(json.dumps({
            id: {"class_type": kind, "inputs": {
                **widgets, **{port: [source, 0] for port, source in links.items()}}}
            for id, (kind, widgets, links) in nodes.items()}))


def written(file):
    """Return the first elements that were written down; all elements of an array are the same."""
    data = file.read_bytes() if file.exists() else b""
    pairs = np.frombuffer(data[:len(data) // 16 * 16], "<f8").reshape(-1, 2)
    assert (pairs[:, 0] == pairs[:, 1]).all()
    return pairs[:, 0]


def kill(run, process, taken):
    """Kill a process and wait until another has taken its place and something has come of it."""
    old = run.child(process)
    before = taken()
    old.kill()
    run.until(lambda: (new := run.child(process)) is not None and new.pid != old.pid
              and taken() > before, process, moved=taken)


def edge(run, part):
    return next(edge for edge in run.report["edges"] if part in edge["name"])


@pytest.mark.parametrize(("count", "size", "rests"), [
    (1500, 2048, True), (4000, 10, False),
    pytest.param(3000, 2048, False, marks=pytest.mark.long),
    pytest.param(400, 100_000, False, marks=pytest.mark.long)],
    ids=["16 KB, sink rests", "80 B", "16 KB", "800 KB"])
def test_a_node_in_the_middle_is_killed_four_times(start_run, tmp_path, count, size, rests):
    file = tmp_path / "written"
    graph = Graph(tmp_path, {
        "1": ("Arrays", {"count": count, "size": size}, {}),
        "2": ("AddHalf", {}, {"array": "1"}),
        "3": ("WriteArrays", {"file": str(file), "rests": rests}, {"array": "2"})})
    run = start_run(graph.file, "--nodes", NODES, "--place", "split", "--respawn")
    wanted = np.array([n + 0.5 for n in range(count) if n % SEVENTH])
    for part in (0.1, 0.3, 0.5, 0.7):
        run.until(lambda part=part: len(written(file)) > part * len(wanted), "items",
                  moved=lambda: len(written(file)))
        kill(run, "add_half_2", lambda: len(written(file)))
    run.until(lambda: len(written(file)) >= len(wanted), "the last", moved=lambda: len(
        written(file)))
    run.interrupt()
    assert run.wait() == 130, run.output
    assert np.array_equal(written(file), wanted)
    for part in ("arrays_1", "write_arrays_3"):
        assert (edge(run, part)["lost"], edge(run, part)["dropped"]) == (0, 0)
    assert edge(run, "write_arrays_3")["received"] == len(wanted)


def test_any_of_them_may_be_killed_also_neighbours_at_once(start_run, tmp_path):
    file, aside = tmp_path / "written", tmp_path / "aside"
    graph = Graph(tmp_path, {
        "1": ("Arrays", {"count": 3000, "size": 100}, {}),
        "2": ("AddHalf", {}, {"array": "1"}),
        "3": ("AddHalf", {}, {"array": "1"}),
        "4": ("AddUp", {}, {"one": "2", "other": "3"}),
        "5": ("AddHalf", {}, {"array": "4"}),
        "6": ("WriteArrays", {"file": str(file)}, {"array": "5"}),
        "7": ("WriteArrays", {"file": str(aside), "rests": True}, {"array": "2"})})
    run = start_run(graph.file, "--nodes", NODES, "--place", "split", "--respawn")
    halves = [n + 0.5 for n in range(3000) if n % SEVENTH]
    wanted = [2 * n + 0.5 for n in halves if int(2 * n) % SEVENTH]

    def taken():
        return len(written(file))

    for part, dead in ((0.1, ("add_half_2", "add_up_4")), (0.3, ("add_half_5", "add_up_4")),
                       (0.5, ("arrays_1", "add_half_3")), (0.7, ("write_arrays_6", "add_half_5"))):
        run.until(lambda part=part: taken() > part * len(wanted), "items", moved=taken)
        old = {name: run.child(name) for name in dead}
        for process in old.values():
            process.kill()
        run.until(lambda old=old: all(
            (new := run.child(name)) is not None and new.pid != process.pid
            for name, process in old.items()), "those that take their places", moved=taken)
    run.until(lambda: len(np.unique(written(file))) >= len(wanted)
              and len(written(aside)) >= len(halves), "the last", moved=taken)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert np.array_equal(written(aside), halves)
    assert np.array_equal(np.unique(written(file)), wanted)
    assert len(written(file)) - len(wanted) <= edge(run, "write_arrays_6")["duplicated"]
    assert sum(each["lost"] for each in run.report["edges"]) == 0


def test_what_would_be_lost_is_said_and_not_started_again(start_run, tmp_path, capsys):
    file = tmp_path / "written"
    graph = Graph(tmp_path, {
        "1": ("Arrays", {"count": 10**6, "size": 10}, {}),
        "2": ("ORNode", {}, {"input_a": "1"}),
        "3": ("WriteArrays", {"file": str(file)}, {"array": "2"})})
    reason = ("or_2 sends items to write_arrays_3 that it could not send again: it neither "
              "resumes nor leaves process() to compute()")
    words = ["check", str(graph.file), "--nodes", str(NODES), "--place", "split", "--respawn"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert f"process or_2  (not started again: {reason})" in shown
    assert "process arrays_1  (started again)" in shown
    run = start_run(graph.file, "--nodes", NODES, "--place", "split", "--respawn")
    run.until(lambda: len(written(file)) > 100, "items", moved=lambda: len(written(file)))
    assert reason in run.output
    run.child("or_2").kill()
    assert run.wait() == 1
    assert "or_2 was killed by SIGKILL" in run.output
