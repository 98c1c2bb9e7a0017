from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.exporting.dependencies import message_packages
from dnne_ros.graph.building import build_graph
from dnne_ros.workflow.reading import read_workflow


def test_a_package_needs_those_of_its_messages_and_services(repository):
    catalogue = Catalogue(BUILT_IN)
    workflow, problems = read_workflow(
        str(repository / "docs" / "examples" / "self_test.json"), catalogue.signature)
    graph = build_graph(workflow, catalogue, problems)
    assert message_packages(graph) >= {"std_msgs", "diagnostic_msgs"}
