"""What editors leave behind in files: a warning, and the graph is as it would be without it."""

import pytest

NODES = [{"id": 1, "type": "IsaacGymEnvNode"}, {"id": 2, "type": "ORNode"}]
ROW = [1, 1, 1, 2, 0, "TENSOR"]
OBSERVED = {("1.observations", "2.input_a")}


@pytest.mark.parametrize("links,warning", [
    ([ROW, [486, 242, 0, 244, 0, "TENSOR"]],
     "link 486 is attached to node 242 and node 244, not found in the file"),
    ([None, ROW], "entry 0 of links is null"),
    ([ROW, ROW], "link 1 is there twice"),
    ([ROW, [2, *ROW[1:]]], "links 1 and 2 are the same: from node 1 (IsaacGymEnvNode), "
     "observations to node 2 (ORNode), input_a"),
    ({"1": ROW}, "its links are an object by id"),
    ({"1": {"id": 1, "origin_id": 1, "origin_slot": 1, "target_id": 2, "target_slot": 0}},
     "its links are an object by id"),
])
def test_harmless_links(parse, caplog, links, warning):
    parsed = parse({"nodes": NODES, "links": links})
    assert (parsed.links, parsed.problems) == (OBSERVED, [])
    assert f"graph.json: {warning}" in caplog.text


def test_null_among_the_nodes(parse, caplog):
    parsed = parse({"nodes": [None, *NODES], "links": [ROW]})
    assert (parsed.links, parsed.problems) == (OBSERVED, [])
    assert "entry 0 of nodes is null" in caplog.text


def test_two_links_of_one_id_that_differ_are_no_residue(parse):
    assert "two links have the id 1" in parse(
        {"nodes": NODES, "links": [ROW, [1, 1, 1, 2, 1, "TENSOR"]]}).sole_problem()


def test_no_input_is_blamed_for_a_link_that_could_not_be_read(parse):
    nodes = [NODES[0], {**NODES[1], "inputs": [{"name": "input_a", "type": "*", "link": 1}]}]
    assert "expected entry 0 of links to be" in parse(
        {"nodes": nodes, "links": [[1, 1]]}).sole_problem()
    assert "expected links to be a list" in parse({"nodes": nodes, "links": 7}).sole_problem()


def test_only_output_under_another_name_is_taken_for_the_one_its_type_allows(parse_ui, caplog):
    merge = (2, "ORNode", {})
    step = {"outputs": [{"name": "finished", "type": "TRAIN_STEP_TRIGGER"}]}
    parsed = parse_ui([(10, "TrainingStep", step), merge], [(10, 0, 2, 0, "")])
    assert (parsed.links, parsed.problems) == ({("10.ready", "2.input_a")}, [])
    assert "its output 'finished' is taken for 'ready'" in caplog.text


@pytest.mark.parametrize("outputs", [
    [{"name": "finished", "type": "TRIGGER"}, {"name": "grad_norm", "type": "FLOAT"}],
    [{"name": "finished", "type": "MODEL_OBJ"}], [{"name": "finished"}]])
def test_other_unknown_outputs_are_told(parse_ui, outputs):
    parsed = parse_ui([(10, "TrainingStep", {"outputs": outputs}), (2, "ORNode", {})],
                      [(10, 0, 2, 0, "")])
    assert "TrainingStep has no output 'finished'" in parsed.sole_problem()
