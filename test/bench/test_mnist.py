"""What is compared is the same: the graph has the loop's layers, data and optimizer."""

import argparse
import json

import pytest

from dnne_ros.bench import mnist, mnist_loop
from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.errors import InputError, Problems
from dnne_ros.graph.building import build_graph
from dnne_ros.workflow.reading import parse_workflow


def options(*words):
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2)
    mnist.add_arguments(parser)
    return parser.parse_args(words)


def test_the_graph_is_sound_and_as_long_as_asked(tmp_path):
    document = mnist.workflow(tmp_path, 7)
    workflow, problems = parse_workflow(document, "mnist", "mnist.json", Catalogue().signature)
    graph = build_graph(workflow, Catalogue(), problems or Problems("mnist.json"))
    assert graph.nodes["11"].values["max_epochs"] == 7
    assert [graph.nodes[id].values["dropout"] for id in "567"] == [0.5, 0.5, 0]
    assert graph.nodes["9"].values == {"learning_rate": 0.01, "momentum": 0.9,
                                       "weight_decay": 0.0}


def test_the_loop_learns_random_digits_no_better_than_chance(tmp_path):
    mnist.write_random_digits(tmp_path, "train", 70)
    figures = mnist_loop.train(str(tmp_path), 2, 1, 0)
    assert figures["epochs_per_s"] > 0 and figures["loss"] == pytest.approx(2.3, abs=0.3)


def test_the_ratio_is_to_the_faster_loop(monkeypatch):
    speeds = {1: 4.0, 0: 2.0}
    monkeypatch.setattr(mnist, "_graph", lambda *_: {"epochs_per_s": 3.0, "loss": 2.3})
    monkeypatch.setattr(mnist, "_loop", lambda data, epochs, threads, number: {
        "epochs_per_s": speeds[threads], "loss": 2.3})
    document = mnist.measure(options("--samples", "5"), lambda text: None)
    assert document["ratio"] == 0.75 and document["rounds"] == 2
    assert json.loads(json.dumps(document)) == document
    table, = mnist.tables(document)
    assert table.rows[0] == ("graph, fused", "3.00", "0.75")


@pytest.mark.parametrize("words", [("--epochs", "1"), ("--samples", "0")])
def test_one_epoch_measures_nothing(words):
    with pytest.raises(InputError, match="at least 2 epochs and 1 sample"):
        mnist.measure(options(*words), print)
