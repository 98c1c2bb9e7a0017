"""What is said of nodes that become one, before they do."""

from dataclasses import replace

import pytest

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.errors import Problems
from dnne_ros.graph.building import build_graph
from dnne_ros.graph.declared import LinkSpec, NodeSpec, declare_graph
from dnne_ros.graph.replicas import Replicas
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.placement.merging import DrawnUnit, merged
from dnne_ros.placement.planning import place
from dnne_ros.placement.regions import regions_of
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.workflow.records import LinkRecord, NodeRecord, PortRef, Workflow


def ports(graph, node):
    return tuple(graph.incoming[node])


def test_what_follows_from_the_step_is_one_region(simulated):
    graph = simulated()
    found = merged(graph, place(graph, "fused"), "main")
    assert found.regions == [["4", "2", "3", "5"]]
    assert found.inlined == {"2"}, "the merge"
    assert found.alone["1"] == "no items come to it"
    assert set(found.alone) == {"1", "6"}


def test_between_processes_nothing_is_merged_and_the_edge_is_named(simulated):
    graph = simulated()
    found = merged(graph, place(graph, "split"), "ppo_agent_3")
    assert found.regions == []
    assert found.alone == {"3": "its input observations comes from another process"}


def test_a_node_whose_errors_are_watched_is_by_itself(simulated):
    graph = simulated()
    graph.nodes["3"].faults["errors.policy"] = "warn"
    found = merged(graph, place(graph, "fused"), "main")
    assert found.alone["3"] == "its deadlines or errors are watched"
    assert found.regions == [["5", "4", "2"]]


def test_a_region_is_no_larger_than_asked(simulated):
    graph = simulated()
    units = [DrawnUnit(node, ("input_b",) if node == "2" else tuple(
        port for port in ports(graph, node) if port != "sim_handle")) for node in "2345"]
    found = regions_of(graph, units, largest=2)
    assert sorted(unit.node for region in found for unit in region) == ["2", "3", "4", "5"]
    assert max(map(len, found)) == 2


def test_a_node_with_replicas_is_by_itself(simulated):
    graph = simulated()
    nodes = {**graph.nodes, "5": replace(graph.nodes["5"], replicas=Replicas(2))}
    found = merged(replace(graph, nodes=nodes), place(graph, "fused"), "main")
    assert found.alone["5"] == "it has replicas"
    assert found.regions == [["4", "2", "3"]]


def test_of_those_that_could_be_next_who_has_priority_is():
    graph = declared(logger=-1, control=2, behind=3)
    units = [DrawnUnit(node, ("value",)) for node in graph.nodes if node != "source"]
    region, = regions_of(graph, units)
    assert [unit.node for unit in region] == ["entry", "control", "behind", "logger"]


class Passes(Node):
    """Give what it takes."""

    value = Input(Int(), optional=True)
    passed = Output(Int())

    def compute(self, value):
        return {"passed": value}


def declared(**priorities):
    """Return a graph in which a logger and a control follow an entry, and one more the control."""
    links = {"source": "entry", "entry": "logger", "entry ": "control", "control": "behind"}
    return declare_graph("graph", "graph", {
        name: NodeSpec(name, Passes, priority=priorities.get(name, 0))
        for name in ("source", *links.values())}, [
            LinkSpec(f"{one.strip()}/passed", f"{other}/value", "lossless")
            for one, other in links.items()])


@pytest.fixture
def robot():
    """Build a graph of a robot's state, and a controller that takes it as ``policy`` says."""
    def call(linked=True):
        links = (LinkRecord(PortRef("1", "tensor"), PortRef("2", "action")),) if linked else ()
        controller = (NodeRecord("2", "RobotControllerNode", {"num_joints": 2}),) if linked else ()
        workflow = Workflow("Robot", "robot.json", (
            NodeRecord("1", "RosSubscriberNode", {"names": "a,b"}), *controller), links)
        problems = Problems("robot.json")
        graph = build_graph(workflow, Catalogue(), problems)
        problems.raise_if_any()
        return graph
    return call


def test_a_round_may_begin_with_what_a_robot_says_past_an_edge_of_the_newest(robot):
    graph = robot()
    found = merged(graph, place(graph, "fused"), "main")
    assert graph.incoming["2"]["action"][0].policy is EdgePolicy.LATEST
    assert found.regions == [["1", "2"]] and found.alone == {}


def test_a_giver_without_anybody_behind_it_is_alone(robot):
    graph = robot(linked=False)
    assert merged(graph, place(graph, "fused"), "main").alone == {
        "1": "nobody who takes what it gives can be merged with it"}


def test_a_source_that_is_asked_begins_a_region():
    class Asked(Node):
        gives_items = True
        out = Output(Int(), "Numbers.")

        async def process(self):
            pass

    class Taker(Node):
        number = Input(Int(), "A number.")
        out = Output(Int(), "It.")

        def compute(self, number):
            return {"out": number}

    graph = declare_graph("graph", "graph", {
        "source": NodeSpec("source", Asked), "taker": NodeSpec("taker", Taker)},
        [LinkSpec("source/out", "taker/number", "lossless")])
    found = merged(graph, place(graph, "fused"), "main")
    assert found.regions == [["source", "taker"]] and found.alone == {}
