"""What is compared differs in the agent's memory and in nothing else."""

import argparse
import json

import pytest

from dnne_ros.bench import memory
from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.errors import InputError, Problems
from dnne_ros.graph.building import build_graph
from dnne_ros.workflow.reading import parse_workflow


def options(*words):
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2)
    memory.add_arguments(parser)
    return parser.parse_args(words)


def graph_of(document, name="memory"):
    workflow, problems = parse_workflow(document, name, f"{name}.json", Catalogue().signature)
    return build_graph(workflow, Catalogue(), problems or Problems(f"{name}.json"))


def test_the_graphs_are_those_of_the_workflow_that_is_shipped(repository):
    path = repository / "config" / "workflows" / "cartpole_recurrent.json"
    shipped = graph_of(json.loads(path.read_text()), "cartpole_recurrent")
    for case in memory.CASES.values():
        graph = graph_of(memory.workflow(case, 7))
        assert graph.nodes["6"].values["max_updates"] == 7
        assert graph.nodes["3"].values["memory"] == case
        for id in "136":
            mine, its = graph.nodes[id].values, shipped.nodes[id].values
            differing = {name for name in mine if mine[name] != its[name]}
            assert differing <= {"memory", "max_updates", "env_name", "backend"}, (id, differing)


def test_the_table_says_who_was_solved(monkeypatch):
    def train(folder, kind, updates, number):
        assert updates == 195
        return {"env_steps": 1000.0 * (number + 1), "mean_return": 40.0, "episodes": 9.0,
                "is_solved": float(kind != "none")}

    monkeypatch.setattr(memory, "_train", train)
    document = memory.measure(options(), lambda text: None)
    assert json.loads(json.dumps(document)) == document
    table, = memory.tables(document)
    assert table.rows == [("GRU", "1,000 steps", "2,000 steps"),
                          ("LSTM", "1,000 steps", "2,000 steps"), ("no memory", "40", "40")]


def test_less_than_an_update_is_refused():
    with pytest.raises(InputError, match="expected at least 1024, found 1000"):
        memory.measure(options("--steps", "1000"), print)
