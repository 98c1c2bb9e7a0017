"""Limits of a run that nothing in its graph counts are refused, as it would never end."""

import pytest

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.errors import InputError
from dnne_ros.graph.building import build_graph
from dnne_ros.options.limits import limited
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.workflow.reading import read_workflow


@pytest.fixture
def graph_of(repository):
    """Return the graph of one of the package's workflows."""
    def read(name):
        catalogue = Catalogue(BUILT_IN)
        file = repository / "config" / "workflows" / name
        workflow, problems = read_workflow(str(file), catalogue.signature)
        return build_graph(workflow, catalogue, problems)
    return read


def epochs_of(graph):
    return {node.values["max_epochs"] for node in graph.nodes.values()
            if "max_epochs" in node.values}


def test_epochs_count_instead_of_the_workflows(graph_of):
    graph = graph_of("mnist_mlp.json")
    before = epochs_of(graph)
    assert epochs_of(limited(graph, RunSettings(epochs=37))) == {37} != before
    assert epochs_of(graph) == before
    assert limited(graph, RunSettings()) is graph


@pytest.mark.parametrize("file, settings, said", [
    ("cartpole_ppo.json", {"epochs": 3}, "--epochs: no node of this graph counts epochs; the "
     "updates of a policy are ended by --max-updates"),
    ("mnist_mlp.json", {"max_updates": 3}, "--max-updates: no node of this graph trains a policy; "
     "epochs are ended by --epochs"),
    ("sensors_to_robot.json", {"max_env_steps": 3}, "--max-env-steps: no node of this graph "
     "trains a policy"),
    ("cartpole_ppo.json", {"max_updates": 3, "inference": True}, "--max-updates: there are no "
     "updates with --inference")])
def test_a_limit_that_never_comes_is_refused(graph_of, file, settings, said):
    with pytest.raises(InputError) as error:
        limited(graph_of(file), RunSettings(**settings))
    assert str(error.value).endswith(said)
