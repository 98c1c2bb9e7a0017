"""Reroutes, notes, muted and bypassed nodes: gone from the graph, their links put right."""

import pytest

from dnne_ros.workflow.records import PortRef

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


def test_loop_of_reroutes_is_told_once(parse_ui):
    parsed = parse_ui([OR, reroute(7), reroute(8)], [
        (8, 0, 2, 0, "*"), (7, 0, 2, 1, "*"), (7, 0, 8, 0, "*"), (8, 0, 7, 0, "*")])
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


def typed(id_, type_, inputs, outputs, mode=4, **more):
    """Return a node whose slots have the types of the file, written ``name:TYPE``."""
    slots = [[dict(zip(("name", "type"), text.split(":"))) for text in side.split()]
             for side in (inputs, outputs)]
    return (id_, type_, {"mode": mode, "inputs": slots[0], "outputs": slots[1], **more})


TWO = ("a:FLOAT b:FLOAT", "x:TENSOR y:FLOAT")
TENSOR_OR = (2, "ORNode", {"inputs": [{"name": f"input_{letter}", "type": "TENSOR"}
                                      for letter in "abc"]})


@pytest.mark.parametrize("slots,wanted,output,taken", [
    (TWO, "*", 1, "b"),  # an input of any type takes the same slot
    (("a:FLOAT", "x:TENSOR y:FLOAT"), "*", 1, "a"),  # which is not there: the first
    (TWO, "FLOAT", 1, "b"),  # the same slot before the first of its type
    (("t:TENSOR a:FLOAT b:FLOAT", "y:FLOAT"), "FLOAT", 0, "a"),  # the first of its type
    (("t:TENSOR a:float", "y:FLOAT"), "FLOAT", 0, "a"),  # in whatever letters
    (("a:INT,FLOAT b:FLOAT", "x:FLOAT"), "FLOAT", 0, "a"),  # one of a list of types
    (("t:TENSOR a:INT,FLOAT b:FLOAT", "x:FLOAT"), "FLOAT", 0, "b"),  # exactly it comes first
    (("t:TENSOR a:*", "x:FLOAT"), "FLOAT", 0, "a"),  # any type, if nothing else
    (("a:FLOAT", "x:TENSOR"), "TENSOR", 0, None),  # no data passes between types that differ
    (("a:TENSOR", "x:ACTION"), "TENSOR", 0, "a"),  # the wanted type alone is enough to be exact
])
def test_bypass_takes_the_input_that_the_editor_takes(parse_ui, slots, wanted, output, taken):
    names = [text.partition(":")[0] for text in slots[0].split()]
    givers = [typed(10 + index, "Strange", "", "o:*", mode=0) for index in range(len(names))]
    merge = (2, "ORNode", {"inputs": [{"name": "input_a", "type": wanted}]})
    parsed = parse_ui(
        [*givers, merge, typed(3, "Odd", *slots)],
        [*((10 + index, 0, 3, index, "") for index in range(len(names))), (3, output, 2, 0, "")])
    assert parsed.problems == []
    assert parsed.links == (set() if taken is None else {
        (f"{10 + names.index(taken)}.o", "2.input_a")})


def test_bypass_goes_by_declared_types_where_the_file_has_none(parse_ui):
    parsed = parse_ui(
        [ENV, (4, "IsaacGymStepNode", {}), TENSOR_OR, (6, "Swap", {"mode": 4})],
        [(1, 0, 6, 2, ""), (1, 1, 6, 0, ""), (4, 1, 6, 1, ""),
         (6, 0, 2, 0, ""), (6, 1, 2, 1, ""), (6, 2, 2, 2, "")])
    # The third output's own slot is a handle, so it takes the first tensor once more.
    assert parsed.links == OBSERVED | {("4.rewards", "2.input_b"),
                                       ("1.observations", "2.input_c")}
    assert parsed.problems == []


def test_bypass_of_an_open_slot_gives_nothing(parse_ui):
    # The editor takes the same slot, though another one is linked.
    parsed = parse_ui([ENV, TENSOR_OR, (6, "ORNode", {"mode": 4})],
                      [(1, 1, 6, 2, ""), (6, 0, 2, 0, "")])
    assert (parsed.links, parsed.problems) == (set(), [])
    assert "bypassed" not in parsed.workflow.cut[PortRef("2", "input_a")]
    assert "node 6 (ORNode), and nothing is linked to its input 'input_a'" in (
        parsed.workflow.cut[PortRef("2", "input_a")])


def test_bypass_without_a_matching_input_names_the_node(parse_ui):
    parsed = parse_ui(
        [ENV, TENSOR_OR, (6, "IsaacGymStepNode", {"mode": 4})],
        [(1, 0, 6, 0, ""), (6, 0, 2, 0, "")])
    assert (parsed.links, parsed.problems) == (set(), [])
    assert parsed.workflow.cut == {PortRef("2", "input_a"): (
        "its link comes through node 6 (IsaacGymStepNode), which is bypassed and has no input of "
        "type TENSOR to pass on")}


def test_slots_of_widgets_count_whether_or_not_the_file_lists_them(parse_ui):
    # Output 1 of the agent takes slot 1 of any type, which is a widget's, with nothing linked.
    parsed = parse_ui([ENV, OR, (3, "PPOAgentNode", {"mode": 4})],
                      [(1, 1, 3, 0, ""), (3, 1, 2, 0, ""), (3, 0, 2, 1, "")])
    assert parsed.links == {("1.observations", "2.input_b")}


def test_chain_of_bypasses_and_reroutes(parse_ui):
    parsed = parse_ui(
        [ENV, OR, (6, "ORNode", {"mode": 4}), reroute(7), (8, "Swap", {"mode": 4})],
        [(1, 1, 6, 0, ""), (6, 0, 7, 0, ""), (7, 0, 8, 0, ""), (8, 0, 2, 0, "")])
    assert parsed.links == OBSERVED


def test_muted_source_is_named(parse_ui):
    parsed = parse_ui([ENV, OR, reroute(7), (3, "ORNode", {"mode": 2})],
                      [(3, 0, 7, 0, ""), (7, 0, 2, 0, "")])
    assert parsed.workflow.cut == {
        PortRef("2", "input_a"): "its link comes from node 3 (ORNode), which is muted"}


@pytest.mark.parametrize("type_", ["Note", "MarkdownNote", "Label", "Label (rgthree)"])
def test_text_on_the_canvas_is_no_node(parse_ui, parse, type_):
    assert set(parse_ui([ENV, (5, type_, {"widgets_values": ["Read me"]})]).nodes) == {"1"}
    parsed = parse({"1": {"class_type": "IsaacGymEnvNode"}, "5": {"class_type": type_}})
    assert (set(parsed.nodes), parsed.problems) == ({"1"}, [])


def label(id_, name=None, side="input", **more):
    """Return a label as the editor saves it: the end of a link, or where it goes on."""
    properties = {"labelDirection": side, **({"labelName": name} if name else {})}
    if side == "input" and name:
        properties["connectedToLabel"] = name
    return (id_, "Label", {"properties": properties, "inputs": [{"name": "", "type": "*"}],
                           "outputs": [{"name": "", "type": "*"}], **more})


SEEN = "IsaacGymEnvNode(1).observations"


@pytest.mark.parametrize("mode", [0, 2, 4])
def test_a_link_goes_on_at_all_labels_of_its_name(parse_ui, mode):
    parsed = parse_ui(
        [ENV, OR, (3, "PPOAgentNode", {}), label(7, SEEN, mode=mode), label(8, SEEN),
         label(9, SEEN, "output")],
        [(7, 0, 2, 0, "*"), (8, 0, 3, 0, "*"), (1, 1, 9, 0, "*")])
    assert (parsed.links, parsed.problems) == (
        OBSERVED | {("1.observations", "3.observations")}, [])
    assert set(parsed.nodes) == {"1", "2", "3"}


def test_labels_and_reroutes_in_turn(parse_ui):
    parsed = parse_ui([ENV, OR, label(7, "a"), label(8, "a", "output"), reroute(10), label(5, "b"),
                       label(6, "b", "output")],
                      [(7, 0, 2, 0, "*"), (10, 0, 8, 0, "*"), (5, 0, 10, 0, "*"),
                       (1, 1, 6, 0, "*")])
    assert (parsed.links, parsed.problems) == (OBSERVED, [])


@pytest.mark.parametrize("other, links", [
    ([], []), ([label(8, "another", "output")], [(1, 1, 8, 0, "*")]),
    ([label(8, SEEN, "output")], [])])
def test_a_label_that_nothing_comes_to_is_named(parse_ui, other, links):
    parsed = parse_ui([ENV, OR, label(7, SEEN), *other], [(7, 0, 2, 0, "*"), *links])
    assert (parsed.links, parsed.problems) == (set(), [])
    assert parsed.workflow.cut == {PortRef("2", "input_a"): (
        f"its link comes from node 7 (Label), and nothing is linked to a label '{SEEN}'")}


def test_labels_without_a_name_are_not_taken_for_each_other(parse_ui):
    parsed = parse_ui([ENV, OR, label(7), label(8, side="output")],
                      [(7, 0, 2, 0, "*"), (1, 1, 8, 0, "*")])
    assert (parsed.links, parsed.problems) == (set(), [])


def test_a_loop_of_labels_is_told(parse_ui):
    parsed = parse_ui([OR, label(7, "a"), label(8, "a", "output")],
                      [(7, 0, 8, 0, "*"), (7, 0, 2, 0, "*")])
    assert "loop of nodes that only pass it on: node 7 (Label)" in parsed.sole_problem()


def test_loop_through_a_bypassed_node_is_told(parse_ui):
    parsed = parse_ui([OR, (6, "ORNode", {"mode": 4})], [(6, 0, 6, 0, ""), (6, 0, 2, 0, "")])
    assert "loop of nodes that only pass it on: node 6 (ORNode)" in parsed.sole_problem()
