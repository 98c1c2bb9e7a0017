"""What is said of nodes that become one, before they do."""

from dnne_ros.placement.merging import merged
from dnne_ros.placement.planning import place
from dnne_ros.placement.regions import regions_of


def ports(graph, node):
    return tuple(graph.incoming[node])


def test_what_follows_from_the_step_is_one_region(simulated):
    graph = simulated()
    found = merged(graph, place(graph, "fused"), "main")
    assert found.regions == [["4", "2", "3", "5"]]
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
    from dnne_ros.placement.merging import DrawnUnit

    graph = simulated()
    units = [DrawnUnit(node, ("input_b",) if node == "2" else tuple(
        port for port in ports(graph, node) if port != "sim_handle")) for node in "2345"]
    found = regions_of(graph, units, largest=2)
    assert sorted(unit.node for region in found for unit in region) == ["2", "3", "4", "5"]
    assert max(map(len, found)) == 2
