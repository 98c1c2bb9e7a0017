"""Files of the editor: what their slots mean, and what is said of those that mean nothing."""

import pytest

ENV = (1, "IsaacGymEnvNode", {})
STEP = (4, "IsaacGymStepNode", {"title": "Step"})
OR = (2, "ORNode", {})


def test_slots_without_lists_in_the_file_count_declared_ports(parse_ui):
    parsed = parse_ui([ENV, STEP, OR], [(1, 0, 4, 0, "SIM_HANDLE"), (1, 1, 2, 1, "TENSOR")])
    assert parsed.links == {("1.sim_handle", "4.sim_handle"), ("1.observations", "2.input_b")}
    assert parsed.problems == []


def test_slots_count_in_the_files_own_list(parse_ui):
    env = (1, "IsaacGymEnvNode", {"outputs": [
        {"name": "context", "type": "CONTEXT"}, {"name": "observations", "type": "TENSOR"}]})
    assert parse_ui([env, OR], [(1, 1, 2, 0, "TENSOR")]).links == {
        ("1.observations", "2.input_a")}


def test_old_port_names_are_understood(parse_ui):
    action = (5, "CartpoleActionNode", {"inputs": [{"name": "policy", "type": "TENSOR"}]})
    parsed = parse_ui([(3, "PPOAgentNode", {}), action], [(3, 0, 5, 0, "TENSOR")])
    assert parsed.links == {("3.policy_output", "5.network_output")}


def test_links_may_be_objects_and_ids_text(parse):
    parsed = parse({
        "nodes": [{"id": "a", "type": "IsaacGymEnvNode"}, {"id": "b", "type": "ORNode"}],
        "links": [{"id": "x", "origin_id": "a", "origin_slot": 1, "target_id": "b",
                   "target_slot": 0, "type": "TENSOR"}]})
    assert parsed.links == {("a.observations", "b.input_a")}


def test_dead_context_ports_and_links_vanish_silently(parse_ui):
    context = {"name": "context", "type": "CONTEXT"}
    parsed = parse_ui(
        [(1, "IsaacGymEnvNode", {"outputs": [context]}),
         (4, "IsaacGymStepNode", {"inputs": [{**context, "link": 1}]}),
         (5, "CartpoleActionNode", {})],
        [(1, 0, 4, 0, "CONTEXT"), (1, 0, 5, 7, "CONTEXT")])
    assert parsed.links == set()
    assert parsed.problems == []


def test_unknown_port_is_told_only_when_linked(parse_ui):
    odd = (2, "ORNode", {"title": "Either", "inputs": [{"name": "input_z", "type": "TENSOR"}]})
    assert parse_ui([ENV, odd]).problems == []
    assert parse_ui([ENV, odd], [(1, 1, 2, 0, "TENSOR")]).sole_problem() == (
        "node 2 'Either' (ORNode), input_z: ORNode has no input 'input_z', to which link 1 is "
        "attached; its inputs are: input_a, input_b, input_c")


def test_missing_slots_and_nodes_are_told_together(parse_ui):
    parsed = parse_ui([ENV, OR], [(1, 9, 2, 8, "TENSOR"), (1, 1, 77, 0, ""), (78, 0, 79, 0, "")])
    assert parsed.links == set()
    assert parsed.problems == [
        "node 1 (IsaacGymEnvNode): link 1 is at slot 9 of its outputs, which does not exist; its "
        "outputs are: sim_handle, observations",
        "node 2 (ORNode): link 1 is at slot 8 of its inputs, which does not exist; its inputs "
        "are: input_a, input_b, input_c",
        "node 1 (IsaacGymEnvNode): link 2 is attached to node 77, not found in the file"]
    assert set(parsed.workflow.cut.values()) == set()


def test_two_links_into_one_input_name_both_sources(parse_ui):
    parsed = parse_ui([ENV, STEP, OR], [(1, 1, 2, 0, ""), (4, 4, 2, 0, "")])
    assert parsed.sole_problem() == (
        "node 2 (ORNode), input_a: expected one link, found two: from node 1 (IsaacGymEnvNode), "
        "observations and from node 4 (IsaacGymStepNode), next_observations")


def test_repeated_ids_are_told(parse):
    parsed = parse({
        "nodes": [{"id": 1, "type": "IsaacGymEnvNode"}, {"id": "1", "type": "ORNode"},
                  {"id": 2, "type": "ORNode"}],
        "links": [[5, 1, 1, 2, 0, "TENSOR"], [5, 1, 1, 2, 1, "TENSOR"]]})
    assert "taken by node 1 (IsaacGymEnvNode)" in parsed.problems[0]
    assert "two links have the id 5" in parsed.problems[1]
    assert parsed.links == {("1.observations", "2.input_a")}


def test_input_that_names_another_link_is_told(parse_ui):
    inputs = [{"name": "input_a", "type": "TENSOR", "link": 1},
              {"name": "input_b", "type": "TENSOR", "link": 40}]
    parsed = parse_ui([ENV, (2, "ORNode", {"inputs": inputs})], [(1, 1, 2, 1, "TENSOR")])
    assert len(parsed.problems) == 2
    assert "input_a: this input (slot 0) names link 1, but that link leads to slot 1" in (
        parsed.problems[0])
    assert "expected link 40" in parsed.problems[1]


def test_unknown_type_is_kept_with_the_files_names(parse_ui):
    strange = (9, "Strange", {"inputs": [{"name": "in", "type": "TENSOR"}], "widgets_values": [1]})
    parsed = parse_ui([ENV, strange, OR], [(1, 1, 9, 0, ""), (9, 2, 2, 0, "")])
    assert parsed.problems == []
    assert parsed.links == {("1.observations", "9.in"), ("9.output 2", "2.input_a")}
    assert parsed.nodes["9"].widgets == {}


def test_canvas_and_options_come_along(parse_ui):
    parsed = parse_ui(
        [(1, "IsaacGymEnvNode", {"pos": {"0": 1, "1": 2.5}, "size": [30, 40], "title": "World",
                                 "properties": {"dnne_ros": {"process": "sim"}}})],
        groups=[{"title": "All", "bounding": [0, 1, 2, 3], "color": "#888"}, {"bounding": [1]}, 5])
    node = parsed.nodes["1"]
    assert (node.title, node.position, node.size) == ("World", (1.0, 2.5), (30.0, 40.0))
    assert node.options == {"process": "sim"}
    assert [(group.title, group.bounds) for group in parsed.workflow.groups] == [
        ("All", (0.0, 1.0, 2.0, 3.0))]


@pytest.mark.parametrize("pos", [None, [], [1], ["a", "b"], {"0": 1}, [10 ** 400, 0], 5,
                                 [float("nan"), 0], [True, False]])
def test_malformed_place_is_no_place(parse_ui, pos):
    parsed = parse_ui([(1, "IsaacGymEnvNode", {"pos": pos, "size": pos, "title": 5})])
    assert (parsed.nodes["1"].position, parsed.nodes["1"].size) == (None, None)
    assert parsed.nodes["1"].title == ""
    assert parsed.problems == []


def test_options_must_be_an_object(parse_ui):
    parsed = parse_ui([(1, "IsaacGymEnvNode", {"properties": {"dnne_ros": ["sim"]}})])
    assert parsed.sole_problem().endswith(
        'expected properties["dnne_ros"] to be an object, found a list of 1')
    assert parsed.nodes["1"].options == {}


def test_entries_that_are_no_nodes_or_links_are_told(parse):
    parsed = parse({"nodes": [{"id": 1, "type": "ORNode"}, None, {"id": 2.5}, {"id": 3},
                              {"id": 4, "type": "ORNode", "mode": "off", "inputs": 3,
                               "outputs": [{}]}],
                    "links": [[1, 1], None, [2, 1, -1, 1, 0], {"id": 3}]})
    assert len(parsed.problems) == 8
    assert "entry 2 of nodes" in parsed.problems[0]
    assert "node 3: expected a type (text), found null" in parsed.problems[1]
    assert set(parsed.nodes) == {"1", "4"}
    assert "links to be a list" in parse(
        {"nodes": [{"id": 1, "type": "ORNode"}], "links": 7}).sole_problem()
