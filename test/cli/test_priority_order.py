"""Of two nodes of a process that are ready at the same time, who has more priority goes first."""

import json
from pathlib import Path

import pytest

from dnne_ros.cli.main import main

NODES = Path(__file__).with_name("priority_order_nodes.py")


def drawn(folder, kinds, priorities):
    """Return a graph in which a logger, which is drawn first, and a control take each number."""
    out = folder / "turns"
    graph = {"1": {"class_type": "Ticks", "inputs": {}}, "5": {"class_type": "Turn", "inputs": {
        "value": ["1", 0], "name": "entry", "file": str(out)}}}
    for id, (name, kind) in enumerate(zip(("logger", "control"), kinds, strict=True), start=2):
        graph[str(id)] = {"class_type": kind, "inputs": {
            "value": ["5", 0], "name": name, "file": str(out)}}
        if name in priorities:
            graph[str(id)]["dnne_ros"] = {"priority": priorities[name]}
    graph["4"] = {"class_type": "Leave", "inputs": {"value": ["2", 0]}}
    file = folder / "order.json"
    file.write_text(json.dumps(graph))
    return file, out


@pytest.mark.parametrize("kinds", [("Turn", "Turn"), ("LogTurn", "LogTurn")],
                         ids=["merged", "coroutines"])
@pytest.mark.parametrize(("priorities", "first"), [
    pytest.param({}, "logger", marks=pytest.mark.long), ({"control": 5}, "control"),
    pytest.param({"logger": -5}, "control", marks=pytest.mark.long),
    pytest.param({"logger": 5, "control": 1}, "logger", marks=pytest.mark.long)])
@pytest.mark.parametrize("more", [(), pytest.param(("--no-compile",), marks=pytest.mark.long)],
                         ids=["compiled", "not compiled"])
def test_who_has_priority_goes_first_in_each_turn(
        start_run, tmp_path, kinds, priorities, first, more):
    file, out = drawn(tmp_path, kinds, priorities)
    run = start_run(file, "--nodes", NODES, *more)
    assert run.wait() == 0, run.output
    turns = [line.split() for line in out.read_text().splitlines()]
    second = "logger" if first == "control" else "control"
    for number in range(1, 50):  # the first one finds nodes that have not begun
        names = [name for name, value in turns if value == str(number)]
        assert names in (["entry", first, second], ["entry", first]), number
        assert number == 49 or len(names) == 3


def test_a_priority_that_is_none_is_an_error(tmp_path, capsys):
    file, _ = drawn(tmp_path, ("Turn", "Turn"), {"control": "high"})
    assert main(["check", str(file), "--nodes", str(NODES)]) == 2
    assert ("node 3 (Turn): properties.dnne_ros.priority: expected a whole number from -100 to "
            "100, found 'high'") in capsys.readouterr().err
