"""Reroutes, notes, muted and bypassed nodes: gone from the graph, their links put right."""

import pytest

ENV = (1, "IsaacGymEnvNode", {})
OR = (2, "ORNode", {})
OBSERVED = {("1.observations", "2.input_a")}


def reroute(id_, **more):
    return (id_, "Reroute", more)


def test_chain_of_reroutes_is_followed(parse_ui):
    parsed = parse_ui([ENV, OR, reroute(7), reroute(8, mode=4)],
                      [(8, 0, 2, 0, "*"), (7, 0, 8, 0, "*"), (1, 1, 7, 0, "*")])
    assert (parsed.links, set(parsed.nodes), parsed.problems) == (OBSERVED, {"1", "2"}, [])


def test_reroute_feeds_several_inputs(parse_ui):
    parsed = parse_ui([ENV, OR, reroute(7)],
                      [(1, 1, 7, 0, "*"), (7, 0, 2, 0, "*"), (7, 0, 2, 2, "*")])
    assert parsed.links == OBSERVED | {("1.observations", "2.input_c")}


def test_open_reroute_leads_nowhere(parse_ui):
    parsed = parse_ui([OR, reroute(7)], [(7, 0, 2, 0, "*")])
    assert (parsed.links, parsed.problems) == (set(), [])


@pytest.mark.parametrize("way_out", [[], [(8, 0, 2, 0, "*"), (7, 0, 2, 1, "*")]])
def test_loop_of_reroutes_is_told_once(parse_ui, way_out):
    parsed = parse_ui([OR, reroute(7), reroute(8)],
                      [*way_out, (7, 0, 8, 0, "*"), (8, 0, 7, 0, "*")])
    assert parsed.sole_problem() == (
        "node 7 (Reroute): expected data from a node that runs, found a loop of nodes that only "
        "pass it on: node 7 (Reroute), node 8 (Reroute)")
    assert parsed.links == set()


def test_very_long_chain_of_reroutes(parse_ui):
    count = 5000
    hops = [(id_, 0, id_ + 1, 0, "*") for id_ in range(10, 10 + count - 1)]
    parsed = parse_ui([ENV, OR, *(reroute(id_) for id_ in range(10, 10 + count))],
                      [(10 + count - 1, 0, 2, 0, "*"), *reversed(hops), (1, 1, 10, 0, "*")])
    assert parsed.links == OBSERVED


def test_notes_are_dropped(parse_ui):
    parsed = parse_ui([ENV, (5, "Note", {"widgets_values": ["hi"]}), (6, "MarkdownNote", {})])
    assert (set(parsed.nodes), parsed.problems) == ({"1"}, [])


@pytest.mark.parametrize("type_", ["ORNode", "Reroute", "NobodyKnows"])
def test_muted_node_takes_its_links_with_it(parse_ui, type_):
    parsed = parse_ui([ENV, OR, (3, type_, {"mode": 2})], [(1, 1, 3, 0, ""), (3, 0, 2, 0, "")])
    assert (parsed.links, set(parsed.nodes), parsed.problems) == (set(), {"1", "2"}, [])


def test_muted_source_leaves_room_for_another(parse_ui):
    parsed = parse_ui([ENV, OR, (3, "ORNode", {"mode": 2})], [(3, 0, 2, 0, ""), (1, 1, 2, 0, "")])
    assert (parsed.links, parsed.problems) == (OBSERVED, [])


def test_bypassed_node_passes_each_input_on_once(parse_ui):
    parsed = parse_ui(
        [ENV, (4, "IsaacGymStepNode", {}), OR, (6, "Swap", {"mode": 4})],
        [(1, 0, 6, 2, ""), (1, 1, 6, 0, ""), (4, 1, 6, 1, ""),
         (6, 0, 2, 0, ""), (6, 1, 2, 1, ""), (6, 2, 2, 2, "")])
    assert parsed.links == OBSERVED | {("4.rewards", "2.input_b")}
    assert parsed.problems == []


def test_bypass_takes_the_input_that_is_linked(parse_ui):
    parsed = parse_ui([ENV, OR, (6, "ORNode", {"mode": 4})], [(1, 1, 6, 2, ""), (6, 0, 2, 0, "")])
    assert parsed.links == OBSERVED


def test_bypass_without_a_matching_input_ends_the_link(parse_ui):
    parsed = parse_ui(
        [ENV, OR, (6, "IsaacGymStepNode", {"mode": 4})], [(1, 0, 6, 0, ""), (6, 0, 2, 0, "")])
    assert (parsed.links, parsed.problems) == (set(), [])


def test_chain_of_bypasses_and_reroutes(parse_ui):
    parsed = parse_ui(
        [ENV, OR, (6, "ORNode", {"mode": 4}), reroute(7), (8, "Swap", {"mode": 4})],
        [(1, 1, 6, 0, ""), (6, 0, 7, 0, ""), (7, 0, 8, 1, ""), (8, 0, 2, 0, "")])
    assert parsed.links == OBSERVED


def test_bypassed_node_of_unknown_type_goes_by_the_files_types(parse_ui):
    strange = (6, "Strange", {
        "mode": 4, "inputs": [{"name": "n", "type": "INT"}, {"name": "t", "type": "TENSOR"}],
        "outputs": [{"name": "o", "type": "TENSOR"}]})
    parsed = parse_ui([ENV, OR, strange], [(1, 1, 6, 1, ""), (6, 0, 2, 0, "")])
    assert (parsed.links, parsed.problems) == (OBSERVED, [])


def test_loop_through_a_bypassed_node_is_told(parse_ui):
    parsed = parse_ui([OR, (6, "ORNode", {"mode": 4})], [(6, 0, 6, 0, ""), (6, 0, 2, 0, "")])
    assert "loop of nodes that only pass it on: node 6 (ORNode)" in parsed.sole_problem()
