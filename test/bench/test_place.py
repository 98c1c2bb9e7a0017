"""The benchmark of placements that are found, beside those made by hand."""

import json

import pytest

from dnne_ros.bench.place import NODES, _take_turns, tables
from dnne_ros.bench.place_graphs import GRAPHS
from dnne_ros.cli.main import main
from dnne_ros.placement.speed import edge_rates, times_as_fast


@pytest.mark.long
def test_a_graph_is_placed_and_all_placements_take_turns(tmp_path, capsys):
    assert main(["bench", "place", "--only", "slow calls", "--rounds", "1", "--seconds", "1",
                 "--json", str(tmp_path / "found.json")]) == 0
    assert "place / best" in capsys.readouterr().out
    graph = json.loads((tmp_path / "found.json").read_text())["graphs"]["slow calls"]
    assert set(graph["speed"]) == {"fused", "split", "place", *GRAPHS["slow calls"].by_hand}
    assert graph["speed"]["fused"] == 1.0
    assert graph["best"] != "place" and graph["ratio"] > 0
    assert tables({"rounds": 1, "seconds": 1.0, "graphs": {"slow calls": graph}})


def test_who_is_clearly_behind_takes_no_part_in_later_rounds():
    said = []
    speeds = {"fused": [1.0] * 5, "place": [2.0, 2.2, 2.1, 2.0, 2.1],
              "near": [1.9, 2.1, 2.2, 2.0, 2.1], "slow start": [1.0, 2.1, 2.0, 2.0, 2.0]}
    turns = {case: iter(values) for case, values in speeds.items()}
    rates = _take_turns(list(speeds), "place", 5, lambda case: {"edge": next(turns[case])},
                        said.append)
    assert {case: len(each) for case, each in rates.items()} == {
        "fused": 2, "place": 5, "near": 5, "slow start": 5}
    assert said[:5] == [*(f"round 1 of 5: {case}" for case in speeds),
                        "round 2 of 5: slow start"]


def test_what_was_found_is_in_all_rounds():
    rates = _take_turns(["fused", "place"], "place", 3,
                        lambda case: {"edge": 1.0 if case == "place" else 2.0}, str)
    assert [len(each) for each in rates.values()] == [3, 3]


@pytest.mark.parametrize("name", GRAPHS)
def test_placements_by_hand_are_of_the_graph(name, tmp_path, monkeypatch):
    monkeypatch.setattr("dnne_ros.bench.place_graphs._PICTURES", 1)
    graph = GRAPHS[name].workflow(tmp_path)
    assert len(GRAPHS[name].by_hand) == 3
    workflow, place = tmp_path / "graph.json", tmp_path / "place.json"
    workflow.write_text(json.dumps(graph))
    for processes in GRAPHS[name].by_hand.values():
        place.write_text(json.dumps({"processes": processes}))
        assert main(["check", str(workflow), "--nodes", NODES, "--place", str(place)]) == 0


def test_a_graph_is_as_fast_as_its_edges_in_the_geometric_mean():
    reference = edge_rates({"seconds": 2.0, "edges": [
        {"name": name, "received": items} for name, items in (("a", 20), ("b", 8), ("c", 0))]})
    assert reference == {"a": 10.0, "b": 4.0, "c": 0.0}
    assert times_as_fast({"a": 20.0, "b": 32.0, "c": 5.0}, reference) == pytest.approx(4.0)
    assert times_as_fast({"a": 0.0}, reference) == 0.0
