"""Subgraphs: taken apart into their nodes, whose ids say where they are."""

import itertools

import pytest

from dnne_ros.workflow.records import PortRef

ACTOR = "9b1f5f1e-1111-4222-8333-444455556666"
BRAIN = "00000000-0000-4000-8000-000000000002"
ENV = (1, "IsaacGymEnvNode", {})


def definition(id_, nodes, links, inputs="", outputs="", **more):
    """Return a subgraph; ends are written ``name:TYPE``, links from -10 and to -20 are doors."""
    ends = [[dict(zip(("name", "type"), text.split(":"))) for text in side.split()]
            for side in (inputs, outputs)]
    keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    return {"id": id_, "name": "Actor", "inputs": ends[0], "outputs": ends[1],
            "nodes": [{"id": number, "type": type_, **fields} for number, type_, fields in nodes],
            "links": [dict(zip(keys, (number, *link, "*")))
                      for number, link in enumerate(links, 1)],
            **more}


def widget(name, **more):
    return {"name": name, "type": "INT", "widget": {"name": name}, **more}


LINEAR = definition(
    ACTOR, [(6, "ORNode", {"pos": [10, 20]}), (7, "PPOAgentNode", {"title": "Agent"})],
    [(-10, 0, 6, 1), (6, 0, 7, 0), (7, 0, -20, 0)], "seen:TENSOR", "said:POLICY_OUTPUT")


def parse_with(parse_ui, nodes, links, *definitions):
    return parse_ui(nodes, links, definitions={"subgraphs": list(definitions)})


def test_nodes_inside_have_ids_that_say_where(parse_ui):
    parsed = parse_with(parse_ui, [ENV, (40, ACTOR, {"pos": [100, 200]}),
                                   (5, "CartpoleActionNode", {})],
                        [(1, 1, 40, 0, ""), (40, 0, 5, 0, "")], LINEAR)
    assert parsed.problems == []
    assert set(parsed.nodes) == {"1", "5", "40:6", "40:7"}
    assert parsed.links == {("1.observations", "40:6.input_b"),
                            ("40:6.output", "40:7.observations"),
                            ("40:7.policy_output", "5.network_output")}
    assert (parsed.nodes["40:7"].title, parsed.nodes["40:6"].position) == ("Agent", (100, 200))


def test_one_definition_may_be_used_twice_and_inside_another(parse_ui):
    outer = definition(BRAIN, [(3, ACTOR, {}), (4, ACTOR, {})],
                       [(-10, 0, 3, 0), (-10, 0, 4, 0), (4, 0, -20, 0)], "x:TENSOR",
                       "y:POLICY_OUTPUT")
    parsed = parse_with(parse_ui, [ENV, (8, BRAIN, {}), (5, "CartpoleActionNode", {})],
                        [(1, 1, 8, 0, ""), (8, 0, 5, 0, "")], outer, LINEAR)
    assert parsed.problems == []
    assert parsed.links == {
        ("1.observations", "8:3:6.input_b"), ("8:3:6.output", "8:3:7.observations"),
        ("1.observations", "8:4:6.input_b"), ("8:4:6.output", "8:4:7.observations"),
        ("8:4:7.policy_output", "5.network_output")}


def test_definitions_may_lie_inside_others(parse_ui):
    outer = definition(BRAIN, [(3, ACTOR, {})], [], definitions={"subgraphs": [LINEAR]})
    assert set(parse_with(parse_ui, [(8, BRAIN, {})], [], outer).nodes) == {"8:3:6", "8:3:7"}


@pytest.mark.parametrize("mode,links", [
    (2, set()), (4, {("1.observations", "2.input_a")})])
def test_muted_and_bypassed_subgraphs_take_their_nodes_with_them(parse_ui, mode, links):
    host = (40, ACTOR, {"mode": mode, "inputs": [{"name": "seen", "type": "TENSOR"}],
                        "outputs": [{"name": "said", "type": "TENSOR"}]})
    merge = (2, "ORNode", {"inputs": [{"name": "input_a", "type": "TENSOR"}]})
    parsed = parse_with(parse_ui, [ENV, host, merge],
                        [(1, 1, 40, 0, ""), (40, 0, 2, 0, "")], LINEAR)
    assert (set(parsed.nodes), parsed.links, parsed.problems) == ({"1", "2"}, links, [])


def test_an_open_input_is_named(parse_ui):
    parsed = parse_with(parse_ui, [(40, ACTOR, {})], [], LINEAR)
    assert parsed.workflow.cut == {PortRef("40:6", "input_b"): (
        "its link comes through input 'seen' of node 40 ('Actor'), and nothing is linked to that")}


SAMPLER = definition(
    ACTOR, [(6, "BatchSampler", {"inputs": [widget("batch_size", link=1), widget("shuffle"),
                                            widget("seed", link=2)],
                                 "widgets_values": [32, True, -1, "fixed"]})],
    [(-10, 0, 6, 0), (-10, 1, 6, 2)], "size:INT seed:INT")


@pytest.mark.parametrize("host,size,seed", [
    ({}, 32, -1),
    ({"widgets_values": [64, 5]}, 64, 5),
    ({"widgets_values": [64, 5, "fixed"]}, 64, 5),
    ({"widgets_values": [64]}, 64, -1),
    ({"widgets_values": [None, 5]}, 32, 5),
    ({"widgets_values": [5, 64], "widgets_values_named": {"size": 64, "seed": 5}}, 64, 5),
    ({"widgets_values": [9, 64], "properties": {
        "proxyWidgets": [["6", "seed"], ["-1", "size"]]}}, 64, 9),
])
def test_values_of_the_node_outside_replace_those_inside(parse_ui, host, size, seed):
    parsed = parse_with(parse_ui, [(40, ACTOR, host)], [], SAMPLER)
    assert parsed.problems == []
    assert parsed.nodes["40:6"].widgets == {"batch_size": size, "shuffle": True, "seed": seed}


@pytest.mark.parametrize("type_", ["PrimitiveNode", "PrimitiveInt"])
def test_a_value_outside_reaches_the_widget_inside(parse_ui, type_):
    parsed = parse_with(
        parse_ui, [(40, ACTOR, {"widgets_values": [1, 2]}), (3, type_, {"widgets_values": [99]})],
        [(3, 0, 40, 0, "INT")], SAMPLER)
    assert parsed.nodes["40:6"].widgets == {"batch_size": 99, "shuffle": True, "seed": 2}


def test_values_pass_through_two_subgraphs(parse_ui):
    outer = definition(BRAIN, [(3, ACTOR, {"widgets_values": [8, 2]})], [(-10, 0, 3, 0)], "n:INT")
    inside = parse_with(parse_ui, [(9, BRAIN, {})], [], outer, SAMPLER)
    assert inside.nodes["9:3:6"].widgets == {"batch_size": 8, "shuffle": True, "seed": 2}
    outside = parse_with(parse_ui, [(9, BRAIN, {"widgets_values": [77]})], [], outer, SAMPLER)
    assert outside.nodes["9:3:6"].widgets == {"batch_size": 77, "shuffle": True, "seed": 2}


def test_subgraphs_without_end_are_told(parse_ui):
    circle = definition(ACTOR, [(3, ACTOR, {})], [])
    assert parse_with(parse_ui, [(9, ACTOR, {})], [], circle).sole_problem() == (
        f"node 9:3 ({ACTOR}): is the subgraph 'Actor', inside itself; no graph can hold that")
    ids = [f"00000000-0000-4000-8000-{number:012}" for number in range(30)]
    bomb = [definition(id_, [(1, below, {}), (2, below, {})], [])
            for id_, below in itertools.pairwise(ids)] + [definition(ids[-1], [], [])]
    problems = parse_with(parse_ui, [(9, ids[0], {})], [], *bomb).problems
    assert problems and all("more than 100000 nodes" in problem for problem in problems)


def test_subgraph_that_is_not_defined_is_told(parse_ui):
    parsed = parse_ui([(9, ACTOR, {}), (2, "ORNode", {})], [(9, 0, 2, 0, "")])
    assert "is a subgraph that this file does not define" in parsed.sole_problem()
    assert parsed.workflow.cut == {PortRef("2", "input_a"): ""}


def test_wrong_links_inside_are_told_where_they_are(parse_ui):
    inner = definition(ACTOR, [(6, "ORNode", {})], [(-10, 4, 6, 0), (6, 0, 6, 9)], "seen:TENSOR")
    assert parse_with(parse_ui, [(40, ACTOR, {})], [], inner).problems == [
        "node 40:-10 (subgraph 'Actor'): link 40:1 is at slot 4 of its outputs, which does not "
        "exist; its outputs are: seen",
        "node 40:6 (ORNode): link 40:2 is at slot 9 of its inputs, which does not exist; its "
        "inputs are: input_a, input_b, input_c"]
