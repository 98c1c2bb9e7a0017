import pytest

from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.exporting.dependencies import message_packages
from dnne_ros.graph.building import build_graph
from dnne_ros.workflow.reading import read_workflow


@pytest.mark.parametrize("example, packages", [
    ("self_test", {"std_msgs", "diagnostic_msgs"}), ("count", {"std_msgs", "test_msgs"})])
def test_a_package_needs_those_of_its_messages_services_and_actions(
        repository, example, packages):
    for package in packages:
        pytest.importorskip(package)
    catalogue = Catalogue(BUILT_IN)
    workflow, problems = read_workflow(
        str(repository / "docs" / "examples" / f"{example}.json"), catalogue.signature)
    graph = build_graph(workflow, catalogue, problems)
    assert message_packages(graph) >= packages
