"""Group nodes: taken apart like subgraphs, by definitions that older editors have written."""

import pytest
from hypothesis import given, settings, strategies as st

from dnne_ros.workflow.records import PortRef

TYPES = ["workflow>train block", "workflow/train block"]
ENV = (1, "IsaacGymEnvNode", {"outputs": [{"name": "sim_handle", "type": "SIM_HANDLE"},
                                          {"name": "observations", "type": "TENSOR"}]})
AGENT = {"type": "PPOAgentNode", "title": "Agent", "outputs": [
    {"name": "policy_output", "type": "POLICY_OUTPUT"}, {"name": "model", "type": "MODEL"}],
    "inputs": [{"name": "observations", "type": "TENSOR", "link": 7}]}
MERGE = {"type": "ORNode", "inputs": [{"name": name, "type": "*"} for name in (
    "input_a", "input_b", "input_c")], "outputs": [{"name": "output", "type": "*"}]}


def slots(*names, **more):
    return [{"name": name, "type": "*", **more} for name in names]


def parse_with(parse_ui, nodes, links, **groups):
    return parse_ui(nodes, links, last_node_id=9, extra={"groupNodes": {
        name.replace("_", " "): {"external": [], "links": [], **group}
        for name, group in groups.items()}})


@pytest.mark.parametrize("type_", TYPES)
def test_nodes_inside_have_numbers_that_no_other_node_has(parse_ui, type_):
    """They keep them when the editor loads the file and makes subgraphs of group nodes."""
    host = (4, type_, {"inputs": slots("input_a", "input_b", "input_c"),
                       "outputs": slots("policy_output", "model")})
    parsed = parse_with(parse_ui, [ENV, host, (5, "CartpoleActionNode", {})],
                        [(1, 1, 4, 1, ""), (4, 0, 5, 0, "")],
                        train_block={"nodes": [MERGE, AGENT], "links": [[0, 0, 1, 0, 3, "*"]]})
    assert parsed.problems == []
    assert set(parsed.nodes) == {"1", "5", "4:10", "4:11"}
    assert parsed.links == {("1.observations", "4:10.input_b"),
                            ("4:10.output", "4:11.observations"),
                            ("4:11.policy_output", "5.network_output")}
    assert parsed.nodes["4:11"].title == "Agent"


def test_what_is_linked_inside_shows_if_it_is_linked_outside_too(parse_ui):
    group = {"nodes": [MERGE, AGENT], "links": [[0, 0, 1, 0, 3, "*"]], "external": [[0, 0, "*"]]}
    host = (4, TYPES[0], {"outputs": slots("output", "policy_output", "model")})
    parsed = parse_with(parse_ui, [host, (2, "ORNode", {})], [(4, 0, 2, 0, "")],
                        train_block=group)
    assert ("4:10.output", "2.input_a") in parsed.links


def test_ports_and_widgets_may_have_other_names_and_be_hidden(parse_ui):
    group = {"nodes": [MERGE, {"type": "BatchSampler", "widgets_values": [32, True, -1]}],
             "config": {"0": {"input": {"input_a": {"visible": False}, "input_b": {
                 "name": "seen"}}, "output": {"0": {"name": "said"}}},
                 "1": {"input": {"batch_size": {"visible": False}, "seed": {"name": "luck"}}}}}
    host = (4, TYPES[0], {"inputs": slots("input_c", "seen"), "outputs": slots("said"),
                          "widgets_values": [64, False, 7, "fixed"]})
    parsed = parse_with(parse_ui, [ENV, host, (2, "ORNode", {})],
                        [(1, 1, 4, 1, ""), (4, 0, 2, 0, "")], train_block=group)
    assert parsed.problems == []
    assert parsed.links == {("1.observations", "4:10.input_b"), ("4:10.output", "2.input_a")}
    assert parsed.nodes["4:11"].widgets == {"batch_size": 64, "shuffle": False, "seed": 7}


def test_what_is_called_alike_is_told_apart_by_its_node(parse_ui):
    sampler = {"type": "BatchSampler", "widgets_values": [32, True, -1]}
    host = (4, TYPES[0], {"widgets_values_named": {
        "batch_size": 1, "Other batch_size": 2, "BatchSampler batch_size": 3}})
    parsed = parse_with(parse_ui, [host], [], train_block={
        "nodes": [sampler, {**sampler, "title": "Other"}, sampler]})
    assert [parsed.nodes[f"4:{id}"].widgets["batch_size"] for id in (10, 11, 12)] == [1, 2, 3]


def test_a_primitive_node_inside_is_a_widget_of_the_group_node(parse_ui):
    size = {"name": "batch_size", "type": "INT", "widget": {"name": "batch_size"}}
    group = {"nodes": [{"type": "PrimitiveNode", "title": "Size", "outputs": slots("INT")},
                       {"type": "BatchSampler", "inputs": [size], "widgets_values": [8, True, 5]}],
             "links": [[0, 0, 1, 0, 2, "INT"]]}
    host = (4, TYPES[0], {"widgets_values": [77, "fixed", False, 3]})
    parsed = parse_with(parse_ui, [host], [], train_block=group)
    assert parsed.problems == []
    assert parsed.nodes["4:11"].widgets == {"batch_size": 77, "shuffle": False, "seed": 3}


def test_group_nodes_may_lie_in_others(parse_ui):
    outer = {"nodes": [{"type": TYPES[1], "inputs": slots("input_a", "input_b", "input_c"),
                        "outputs": slots("output")}, AGENT], "links": [[0, 0, 1, 0, 3, "*"]]}
    parsed = parse_with(
        parse_ui, [ENV, (4, "workflow>outer", {"inputs": slots("input_a", "input_b", "input_c")})],
        [(1, 1, 4, 2, "")], outer=outer, train_block={"nodes": [MERGE]})
    assert parsed.problems == []
    assert len(parsed.links) == 2 and ("1.observations", "4:10:11.input_c") in parsed.links


@pytest.mark.parametrize("group, said", [
    (None, "whose definition is damaged: it is null, not an object"),
    ({"nodes": 3}, "whose definition is damaged: it holds no list of nodes, but 3"),
    ({"nodes": [7]}, "whose definition is damaged: it has 7 for its node 0, not an object with a "
     "type"),
    ({"nodes": [MERGE], "links": [[0, 0, 4, 0]]}, "whose definition is damaged: it has link 0 to "
     "node 4 of 1"),
    ({"nodes": [MERGE], "links": [[0, "x", 0, 0]]}, "whose definition is damaged: it has link 0 "
     "with the slots 'x' and 0"),
    ({"nodes": [{"type": "workflow>train block"}]}, "inside itself; no graph can hold that"),
])
@pytest.mark.parametrize("type_", TYPES)
def test_one_problem_names_node_and_group(parse_ui, type_, group, said):
    parsed = parse_ui([ENV, (2, "ORNode", {}), (30, type_, {})],
                      [(30, 0, 2, 0, ""), (1, 1, 30, 0, "")],
                      extra={"groupNodes": {"train block": group}})
    assert parsed.sole_problem() == (
        f"node 30 ({type_}): is the group node 'train block', {said}")
    assert parsed.workflow.cut == {PortRef("2", "input_a"): ""}


@pytest.mark.parametrize("type_", TYPES)
def test_one_that_is_not_defined_is_named(parse_ui, parse, type_):
    said = f"node 30 ({type_}): is the group node 'train block', which this file does not define"
    assert parse_ui([ENV, (30, type_, {})]).sole_problem() == said
    assert parse({"1": {"class_type": "IsaacGymEnvNode"},
                  "30": {"class_type": type_}}).sole_problem() == said


JUNK = st.recursive(
    st.none() | st.integers(-1, 3) | st.sampled_from(["ORNode", "workflow>g", "x", "name"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["nodes", "links", "external", "config", "type", "inputs", "outputs", "0",
                         "name", "input", "output", "visible"]), inner, max_size=5),
    max_leaves=12)
NODE = st.fixed_dictionaries({"type": st.sampled_from(
    ["ORNode", "BatchSampler", "PrimitiveNode", "Reroute", "workflow>h", "Strange", "Note"])},
    optional={"inputs": JUNK, "outputs": JUNK, "mode": JUNK, "title": JUNK,
              "widgets_values": JUNK})
LINKS = st.lists(st.tuples(*[st.integers(0, 2)] * 4).map(list) | JUNK, max_size=4)
GROUP = st.fixed_dictionaries({"nodes": st.lists(NODE, max_size=3)}, optional={
    "links": LINKS, "external": LINKS, "config": JUNK}) | JUNK


@settings(max_examples=150, deadline=None)
@given(groups=st.fixed_dictionaries({"g": GROUP, "h": GROUP}), values=JUNK, slots=JUNK)
def test_whatever_a_definition_holds_there_is_an_answer(parse, groups, values, slots):
    parsed = parse({"nodes": [
        {"id": 1, "type": "ORNode"}, {"id": 4, "type": "workflow>g", "inputs": slots,
                                      "outputs": slots, "widgets_values": values}],
        "links": [[1, 1, 0, 4, 0, "*"], [2, 4, 0, 1, 0, "*"]], "extra": {"groupNodes": groups}})
    assert "1" in parsed.nodes and all(parsed.problems)
