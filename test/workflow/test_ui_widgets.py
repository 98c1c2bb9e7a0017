"""Positional widget values: which name each belongs to."""

import pytest


def widget(name, **more):
    return {"name": name, "type": "INT", "widget": {"name": name}, **more}


def test_values_follow_the_declared_order(parse_ui):
    parsed = parse_ui([(1, "MNISTDataset", {"widgets_values": ["./data", True, False]})])
    assert parsed.nodes["1"].widgets == {"data_path": "./data", "train": True, "download": False}


@pytest.mark.parametrize("values", [None, []])
def test_no_values_leave_the_defaults(parse_ui, values):
    parsed = parse_ui([(1, "MNISTDataset", {"widgets_values": values})])
    assert (parsed.nodes["1"].widgets, parsed.problems) == ({}, [])


def test_too_few_values_leave_defaults_for_the_rest(parse_ui):
    parsed = parse_ui([(1, "MNISTDataset", {"widgets_values": ["./data"]})])
    assert (parsed.nodes["1"].widgets, parsed.problems) == ({"data_path": "./data"}, [])


def test_too_many_values_are_told(parse_ui):
    parsed = parse_ui([(1, "CartpoleActionNode", {"widgets_values": [10, 20, 30]})])
    assert parsed.sole_problem() == (
        "node 1 (CartpoleActionNode): CartpoleActionNode has 1 widgets (max_push_effort), but "
        "widgets_values holds 3 values, 2 too many")


def test_values_may_be_an_object(parse_ui):
    parsed = parse_ui([(1, "BatchSampler", {
        "widgets_values": {"batch_size": 8, "seed_control": "fixed", "sed": 1}})])
    assert parsed.nodes["1"].widgets == {"batch_size": 8}
    assert "BatchSampler has no widget 'sed'; it has: batch_size, shuffle, seed" in (
        parsed.sole_problem())


def test_values_of_another_kind_are_told(parse_ui):
    assert "expected widgets_values to be a list or an object, found 'x'" in parse_ui(
        [(1, "BatchSampler", {"widgets_values": "x"})]).sole_problem()


def test_file_that_lists_every_widget_decides_the_order(parse_ui):
    inputs = [widget("shuffle"), widget("batch_size")]
    parsed = parse_ui([(1, "BatchSampler", {"inputs": inputs, "widgets_values": [False, 16]})])
    assert parsed.nodes["1"].widgets == {"batch_size": 16, "shuffle": False}


def test_file_that_lists_only_some_widgets_does_not(parse_ui):
    inputs = [{"name": "dataset", "type": "DATASET_OBJ"}, widget("shuffle")]
    parsed = parse_ui([(1, "BatchSampler", {"inputs": inputs, "widgets_values": [16, False, 3]})])
    assert parsed.nodes["1"].widgets == {"batch_size": 16, "shuffle": False, "seed": 3}


def test_unknown_widget_of_the_file_is_told(parse_ui):
    inputs = [widget("batch_size"), widget("drop_last")]
    parsed = parse_ui([(1, "BatchSampler", {"inputs": inputs, "widgets_values": [16, True]})])
    assert parsed.nodes["1"].widgets == {"batch_size": 16}
    assert "BatchSampler has no widget 'drop_last'" in parsed.sole_problem()


@pytest.mark.parametrize("control", ["fixed", "increment", "decrement", "randomize"])
def test_extra_value_of_a_seed_is_skipped(parse_ui, control):
    parsed = parse_ui([(1, "Noise", {"widgets_values": [5, control, 0.5, "white"]})])
    assert parsed.nodes["1"].widgets == {"seed": 5, "scale": 0.5, "mode": "white"}
    assert parsed.problems == []


@pytest.mark.parametrize("name", ["seed_control", "control_after_generate"])
def test_extra_value_of_a_seed_may_be_listed(parse_ui, name):
    inputs = [widget("seed"), widget(name), widget("scale"), widget("mode")]
    parsed = parse_ui([(1, "Noise", {
        "inputs": inputs, "widgets_values": [5, "fixed", 0.5, "white"]})])
    assert parsed.nodes["1"].widgets == {"seed": 5, "scale": 0.5, "mode": "white"}
    assert parsed.problems == []


def test_a_word_is_not_skipped_where_every_widget_has_a_value(parse_ui):
    parsed = parse_ui([(1, "Noise", {"widgets_values": [5, "fixed", "white"]})])
    assert parsed.nodes["1"].widgets == {"seed": 5, "scale": "fixed", "mode": "white"}


def test_primitive_gives_its_value_through_a_reroute(parse_ui):
    parsed = parse_ui(
        [(1, "BatchSampler", {"inputs": [widget("batch_size", link=2)],
                              "widgets_values": [16, False]}),
         (8, "PrimitiveNode", {"widgets_values": [99, "fixed"]}), (9, "Reroute", {})],
        [(8, 0, 9, 0, "INT"), (9, 0, 1, 0, "INT")])
    assert parsed.nodes["1"].widgets == {"batch_size": 99, "shuffle": False}
    assert (set(parsed.nodes), parsed.links, parsed.problems) == ({"1"}, set(), [])


@pytest.mark.parametrize("mode", [2, 4])
def test_primitive_that_takes_no_part_leaves_the_own_value(parse_ui, mode):
    parsed = parse_ui(
        [(1, "BatchSampler", {"inputs": [widget("batch_size")], "widgets_values": [16]}),
         (8, "PrimitiveNode", {"widgets_values": [99], "mode": mode})], [(8, 0, 1, 0, "INT")])
    assert (parsed.nodes["1"].widgets, parsed.problems) == ({"batch_size": 16}, [])


def test_primitive_without_a_value_is_told(parse_ui):
    parsed = parse_ui(
        [(1, "BatchSampler", {"inputs": [widget("batch_size")]}), (8, "PrimitiveNode", {})],
        [(8, 0, 1, 0, "INT")])
    assert "node 8 (PrimitiveNode): expected a value in widgets_values, found null" in (
        parsed.sole_problem())


def test_widget_linked_from_a_node_is_told(parse_ui):
    parsed = parse_ui(
        [(1, "BatchSampler", {"inputs": [widget("batch_size")]}), (8, "GetBatch", {})],
        [(8, 2, 1, 0, "INT")])
    assert parsed.sole_problem() == (
        "node 1 (BatchSampler), batch_size: expected a constant for this widget, found a link "
        "from node 8 (GetBatch): only a PrimitiveNode may be linked to a widget")


def test_primitive_linked_to_a_port_is_told(parse_ui):
    parsed = parse_ui([(2, "ORNode", {}), (8, "PrimitiveNode", {"widgets_values": [1]})],
                      [(8, 0, 2, 0, "INT")])
    assert "input_a: expected data from a node that runs, found node 8 (PrimitiveNode)" in (
        parsed.sole_problem())
