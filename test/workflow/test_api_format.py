"""Graphs in the API format."""

import pytest

ENV = {"class_type": "IsaacGymEnvNode", "inputs": {"num_envs": 8}, "_meta": {"title": "World"}}


def test_links_widgets_and_titles(parse):
    parsed = parse({
        "1": ENV,
        "2": {"class_type": "ORNode", "inputs": {"input_b": ["1", 1], "input_c": None}},
        "3": {"class_type": "PPOAgentNode", "inputs": {"observations": [2, 0]}},
        "5": {"class_type": "CartpoleActionNode", "inputs": {"policy": ["3", 0]}}})
    assert parsed.links == {("1.observations", "2.input_b"), ("2.output", "3.observations"),
                            ("3.policy_output", "5.network_output")}
    assert parsed.nodes["1"].widgets == {"num_envs": 8}
    assert parsed.nodes["1"].title == "World"
    assert parsed.problems == []


def test_a_list_is_sent_in_an_object_as_it_would_look_like_a_link(parse):
    parsed = parse({"1": {"class_type": "IsaacGymEnvNode", "inputs": {
        "num_envs": {"__value__": [1, 0]}, "device": {"__value__": "cpu"}}}})
    assert parsed.links == set()
    assert parsed.nodes["1"].widgets == {"num_envs": [1, 0], "device": "cpu"}


def test_everything_wrong_is_told_at_once(parse):
    parsed = parse({
        "1": {"class_type": "IsaacGymEnvNode", "inputs": {"num_envs": ["9", 0], "devise": 1}},
        "2": {"class_type": "ORNode", "inputs": {
            "input_a": 5, "input_b": ["77", 0], "input_c": ["1", 6]}, "_meta": {"title": "Or"}},
        "3": {"class_type": "CartpoleActionNode", "inputs": {
            "policy": ["4", 0], "network_output": ["4", 1]}},
        "4": {"class_type": "PPOAgentNode", "inputs": 3},
        "6": {"inputs": {}},
        "7": "text"})
    assert parsed.problems == [
        "node 6: expected an object with a class_type (text), found null",
        "node 7: expected an object with a class_type (text), found 'text'",
        "node 1 (IsaacGymEnvNode), devise: IsaacGymEnvNode has no input or widget 'devise'; its "
        "inputs are: none; its widgets are: env_name, num_envs, isaac_gym_path, "
        "isaac_gym_envs_path, headless, device, physics_engine; did you mean device?",
        "node 2 'Or' (ORNode), input_a: expected a link [node, slot], found 5",
        "node 2 'Or' (ORNode), input_b: its link comes from node 77, not found in the file",
        "node 3 (CartpoleActionNode), network_output: expected one link, found two: from slot 0 "
        "of node 4 (PPOAgentNode) and from slot 1 of node 4 (PPOAgentNode)",
        "node 4 (PPOAgentNode): expected inputs to be an object, found 3",
        "node 1 (IsaacGymEnvNode), num_envs: expected a constant for this widget, found a link "
        "from node 9",
        "node 2 'Or' (ORNode), input_c: its link comes from slot 6 of node 1 (IsaacGymEnvNode), "
        "which does not exist; the outputs there are: sim_handle, observations"]


def test_what_a_file_says_of_a_node_beside_its_widgets(parse):
    parsed = parse({
        "1": {"class_type": "ORNode", "inputs": {}, "dnne_ros": {"process": "control"}},
        "2": {"class_type": "ORNode", "inputs": {}, "dnne_ros": []}})
    assert parsed.nodes["1"].options == {"process": "control"}
    assert parsed.problems == [
        "node 2 (ORNode): expected dnne_ros to be an object, found a list of 0"]


def test_values_of_widgets_that_are_gone_are_residue(parse, caplog):
    """A UI file with such values loads, and so does its export."""
    parsed = parse({"1": {"class_type": "LinearLayer", "inputs": {
        "in_features": 784, "output_size": 64, "bias": None, "units_out": 3}}})
    assert parsed.nodes["1"].widgets == {"output_size": 64}  # null is not given
    assert parsed.problems == []
    for name in ("in_features", "units_out"):
        assert f"node 1 (LinearLayer): LinearLayer has no input or widget '{name}'" in caplog.text


@pytest.mark.parametrize("name, meant", [
    ("ouput_size", "output_size"), ("out_features", "output_size"), ("dropout_rate", "dropout"),
    ("imput", "input")])
def test_a_name_that_may_mean_what_is_not_given_is_refused(parse, name, meant):
    parsed = parse({"1": {"class_type": "LinearLayer", "inputs": {name: 64}}})
    assert f"has no input or widget '{name}'" in parsed.sole_problem()
    assert parsed.sole_problem().endswith(f"; did you mean {meant}?")


def test_links_to_what_is_gone_are_no_residue(parse):
    parsed = parse({"1": ENV, "2": {"class_type": "LinearLayer", "inputs": {"gone": ["1", 1]}}})
    assert "has no input or widget 'gone'" in parsed.sole_problem()


def test_dead_context_and_seed_control_are_ignored(parse):
    parsed = parse({
        "1": {"class_type": "IsaacGymEnvNode", "inputs": {"context": None}},
        "4": {"class_type": "CartpoleActionNode", "inputs": {"context": ["1", 2]}},
        "5": {"class_type": "Noise", "inputs": {"seed": 3, "control_after_generate": "fixed"}}})
    assert (parsed.links, parsed.problems) == (set(), [])
    assert parsed.nodes["5"].widgets == {"seed": 3}
    assert "no input or widget 'context'" in parse(
        {"4": {"class_type": "CartpoleActionNode", "inputs": {"context": 5}}}).sole_problem()


def test_unknown_type_keeps_its_links(parse):
    parsed = parse({
        "1": ENV, "9": {"class_type": "Strange", "inputs": {"in": ["1", 1], "size": 4}},
        "2": {"class_type": "ORNode", "inputs": {"input_a": ["9", 3]}}})
    assert parsed.links == {("1.observations", "9.in"), ("9.output 3", "2.input_a")}
    assert (parsed.nodes["9"].widgets, parsed.problems) == ({}, [])


def test_inputs_that_cannot_be_read_are_not_called_unlinked(parse):
    parsed = parse({"3": {"class_type": "PPOAgentNode", "inputs": []}})
    assert parsed.problems == [
        "node 3 (PPOAgentNode): expected inputs to be an object, found a list of 0"]
    assert [str(place) for place in parsed.workflow.cut] == ["3.observations"]


@pytest.mark.parametrize("link", [["1", -1], ["1", "0"], ["1", 1.5], ["1"], [None, 0]])
def test_a_link_that_is_none_is_shown(parse, link):
    parsed = parse({"1": ENV, "2": {"class_type": "ORNode", "inputs": {"input_a": link}}})
    assert parsed.sole_problem() == (
        f"node 2 (ORNode), input_a: expected a link [node, slot], found {link!r}")


def test_links_from_an_unreadable_node_are_not_told_again(parse):
    parsed = parse({"1": ENV, "8": {"class_type": 5},
                    "2": {"class_type": "ORNode", "inputs": {"input_a": ["8", 0]}}})
    assert parsed.sole_problem() == "node 8: expected an object with a class_type (text), found 5"
