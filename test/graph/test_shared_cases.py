"""Files that people's editors have saved, where such a collection lies beside the repository."""

import pytest

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.catalogue.plugins import add_plugins_of_file
from dnne_ros.errors import InputError
from dnne_ros.graph.building import build_graph
from dnne_ros.workflow.reading import read_workflow

REFUSED = {
    "f01": "its link comes through node 5 (CartpoleActionNode), which is bypassed",
    "f37": "TrainingStep has no output 'finished'",
}
EDGES = {"f02": 13, "f05": 15, "f09": 20, "f14": 20, "f16": 20, "f17": 20, "f18": 20, "f21": 20,
         "f34": 15, "f35": 15, "f40": 15, "f43": 1, "f50": 19, "f51": 20, "f53": 15, "f54": 20}
VALUES = {
    "f09": ("40:1", "output_size", 128), "f16": ("2", "batch_size", 64),
    "f17": ("5", "output_size", 128), "f21": ("5", "dropout", 0.2),
    "f54": ("5", "activation", "relu"),
    "f50": ("9", "weight_decay", 0.0), "f51": ("11", "max_epochs", 2),
    "f53": ("6", "checkpoint_trigger_value", "max")}


@pytest.fixture
def build(repository):
    folder = repository.parent / "shared" / "cases" / "fmt"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: saved files are not part of the package")

    def call(name):
        path, = folder.glob(f"{name}_*.json")
        catalogue = Catalogue(BUILT_IN)
        add_plugins_of_file(catalogue, folder / "two.py")
        workflow, problems = read_workflow(path, catalogue.signature)
        return build_graph(workflow, catalogue, problems)
    return call


@pytest.mark.parametrize("name", REFUSED)
def test_one_problem_is_told(build, name):
    with pytest.raises(InputError) as caught:
        build(name)
    problem, = caught.value.problems
    assert REFUSED[name] in str(problem)


def test_a_group_node_is_taken_apart(build):
    with pytest.raises(InputError) as caught:  # nothing is linked to what it holds
        build("f08")
    assert {str(problem).partition(":")[2].partition(" (")[0]
            for problem in caught.value.problems} == {"31"}


@pytest.mark.parametrize("name", EDGES)
def test_the_graph_is_the_authors(build, name):
    graph = build(name)
    assert len(graph.edges) == EDGES[name]
    if name in VALUES:
        node, widget, value = VALUES[name]
        assert graph.nodes[node].values[widget] == value
    if name == "f43":
        assert [str(edge.source) for edge in graph.edges] == ["2.out"]
