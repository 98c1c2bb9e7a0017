"""The graph that evaluates: the drawn one, with a node more."""

import json

import pytest

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.errors import InputError
from dnne_ros.evaluation.evaluated_graph import evaluated
from dnne_ros.exporting.workflow_file import workflow_json
from dnne_ros.graph.building import build_graph
from dnne_ros.workflow.reading import read_workflow
from dnne_ros.workflow.records import PortRef


def load(path):
    catalogue = Catalogue(BUILT_IN)
    workflow, problems = read_workflow(str(path), catalogue.signature)
    return build_graph(workflow, catalogue, problems, [])


@pytest.fixture
def graph(cartpole):
    return load(cartpole)


def sources(graph):
    return {edge.target.port: f"{edge.source.node}.{edge.source.port}" for edge in graph.edges
            if edge.target.node == "8"}


def test_it_is_the_drawn_graph_and_an_evaluator_of_what_the_trainer_learns_from(graph):
    found = evaluated(graph, 50, None, None)
    assert set(found.nodes) == {*graph.nodes, "8"}
    assert found.nodes["1"].values["num_envs"] == found.nodes["8"].values["episodes"] == 50
    learned = {edge.target.port: f"{edge.source.node}.{edge.source.port}" for edge in graph.edges
               if edge.target.node == "6"}
    assert sources(found) == {"rewards": learned["reward"], "done": learned["done"],
                              "info": "4.info"}
    assert found.nodes["4"].values["real_time_factor"] == 0.0


def test_a_students_rewards_are_those_of_its_trainer(graph, repository, tmp_path):
    student = json.loads((repository / "docs" / "examples" / "cartpole_student.json").read_text())
    student["7"] = {"class_type": "CartpoleRewardNode", "inputs": {"observations": ["4", 4]}}
    student["6"]["inputs"]["reward"] = ["7", 0]
    student["9"]["inputs"]["checkpoint"] = str(repository / "docs/examples/cartpole_teacher")
    (tmp_path / "student.json").write_text(json.dumps(student))
    found = evaluated(load(tmp_path / "student.json"), 5, None, None)
    judge = next(id for id, node in found.nodes.items()
                 if node.type.type_name == "EpisodeEvaluator")
    assert PortRef("7", "reward_or_loss") in [
        edge.source for edge in found.edges if edge.target == PortRef(judge, "rewards")]


def test_environments_and_randomization_are_as_asked(graph):
    values = evaluated(graph, 50, 7, "mass:0.5..2").nodes["1"].values
    assert (values["num_envs"], values["randomization"]) == (7, "mass:0.5..2")
    with pytest.raises(InputError, match="--randomization: .*mass"):
        evaluated(graph, 50, 7, "mass:2..x")


def test_written_as_a_file_it_is_the_same_graph(graph, tmp_path):
    found = evaluated(graph, 50, None, None)
    file = tmp_path / "cartpole_ppo.json"
    file.write_text(workflow_json(found, dict.fromkeys(found.nodes, "main")))
    again = load(file)
    assert again.nodes["8"].values == found.nodes["8"].values
    assert {(edge.source, edge.target) for edge in again.edges} \
        == {(edge.source, edge.target) for edge in found.edges}


def test_an_evaluator_that_is_drawn_gives_way(graph):
    again = evaluated(evaluated(graph, 50, None, None), 20, None, None)
    assert set(again.nodes) == {*graph.nodes, "9"} and again.nodes["9"].values["episodes"] == 20
    assert not [edge for edge in again.edges if edge.target.node == "8"]


def test_a_graph_without_a_simulator_is_refused_by_name(repository):
    with pytest.raises(InputError, match="mnist_mlp.json: expected one SimulatorEnv.*found none"):
        evaluated(load(repository / "config/workflows/mnist_mlp.json"), 50, None, None)
