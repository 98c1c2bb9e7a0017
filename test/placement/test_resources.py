"""What processes are to have: asked for by nodes, and by a placement file."""

import json
from dataclasses import replace

import pytest

from dnne_ros.errors import InputError
from dnne_ros.graph.resources import Resources
from dnne_ros.placement.declared import declare_placement
from dnne_ros.placement.planning import place


def asking(graph, **wanted):
    """Return the graph with nodes that ask for something."""
    nodes = {id: replace(node, resources=wanted.get(f"n{id}", Resources()))
             for id, node in graph.nodes.items()}
    return replace(graph, nodes=nodes)


def test_a_process_has_what_its_nodes_ask_for(simulated):
    graph = asking(simulated(), n3=Resources(nice=-5), n6=Resources(cores=(1,)))
    assert place(graph, "fused").resources == {"main": Resources(cores=(1,), nice=-5)}
    assert place(graph, "split").resources == {
        "ppo_agent_3": Resources(nice=-5), "display_6": Resources(cores=(1,))}
    assert place(simulated(), "split").resources == {}


def test_a_file_says_more_and_wins(simulated, placement_file):
    graph = asking(simulated(), n3=Resources(nice=-5), n6=Resources(nice=3, realtime=2))
    file = placement_file(json.dumps({
        "processes": {"think": [3, 6]},
        "resources": {"think": {"nice": 7}, "main": {"cores": 0}}}))
    assert place(graph, file).resources == {
        "think": Resources(nice=7, realtime=2), "main": Resources(cores=(0,))}


def test_what_does_not_go_together_is_said(simulated, placement_file):
    graph = asking(simulated(), n3=Resources(nice=-5), n6=Resources(nice=3))
    with pytest.raises(InputError, match=r"process main: node 6 \(display_6\) asks for nice 3, "
                                         "another of its nodes for -5"):
        place(graph, "fused")
    file = placement_file(json.dumps({
        "processes": {"think": [3]},
        "resources": {"thnik": {"nice": 1}, "think": {"realtime": "high"}}}))
    with pytest.raises(InputError) as caught:
        place(simulated(), file)
    assert [str(problem) for problem in caught.value.problems] == [
        "resources of process 'think': realtime: expected a whole number from 1 to 99, found "
        "'high'", "resources: no process 'thnik'; there are main, think"]


def test_a_file_has_no_other_entries(simulated, placement_file):
    with pytest.raises(InputError, match="unknown entries: 'resource'; expected processes"):
        place(simulated(), placement_file(json.dumps({"processes": {}, "resource": {}})))


def test_an_exported_package_says_it_too(simulated):
    graph = simulated()
    names = [node.ros_name for node in graph.nodes.values()]
    found = declare_placement(graph, {"main": names}, {}, {"main": {"memory": 10**9}})
    assert found.resources == {"main": Resources(memory=10**9)}
    with pytest.raises(InputError, match="resources of process main: no resource 'ram'"):
        declare_placement(graph, {"main": names}, {}, {"main": {"ram": 1}})
    with pytest.raises(InputError, match="resources: no process 'other'"):
        declare_placement(graph, {"main": names}, {}, {"other": {}})
