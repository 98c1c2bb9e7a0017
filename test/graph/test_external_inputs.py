from xml.etree import ElementTree

from dnne_ros.graph.drawing import draw
from dnne_ros.workflow.records import PortRef


def test_an_unlinked_external_input_is_a_topic(build):
    graph = build({"1": "JointObservationsNode"})
    assert graph.external == (PortRef("1", "joint_states"),)
    assert graph.topic(graph.external[0]) == "joint_observations_1/joint_states"


def test_a_linked_one_is_an_edge(build):
    graph = build({"1": "JointObservationsNode", "2": "OR", "3": "JointObservationsNode"},
                  ["3.observations > 2.input_a"])
    assert graph.external == (PortRef("1", "joint_states"), PortRef("3", "joint_states"))
    assert len(graph.edges) == 1


def test_only_joint_states_may_be_linked_to_it(report_of):
    problem, = report_of({"1": "JointObservationsNode", "2": "SourceNode"},
                         ["2.tensor > 1.joint_states"])
    assert "expected JOINT_STATE, found TENSOR" in problem


def test_it_is_drawn(build):
    svg = draw(build({"1": "JointObservationsNode"}), {"1": "main"})
    assert ElementTree.fromstring(svg) is not None
    assert "topic joint_observations_1/joint_states: JOINT_STATE, external" in svg
