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


def test_values_that_are_left_over_are_ignored_with_a_warning(parse_ui, caplog):
    parsed = parse_ui([(1, "CartpoleActionNode", {"widgets_values": [10, 20, 30]})])
    assert (parsed.nodes["1"].widgets, parsed.problems) == ({"max_push_effort": 10}, [])
    assert ("CartpoleActionNode has 1 widgets (max_push_effort), but widgets_values holds 3 "
            "values; the last 2 are ignored") in caplog.text


@pytest.mark.parametrize("values", [
    [5, 0.5, "white", None], [5, "fixed", 0.5, "white", None, None]])
def test_trailing_nulls_are_ignored_without_a_word(parse_ui, caplog, values):
    parsed = parse_ui([(1, "Noise", {"widgets_values": values})])
    assert parsed.nodes["1"].widgets == {"seed": 5, "scale": 0.5, "mode": "white"}
    assert (parsed.problems, caplog.text) == ([], "")


def test_names_beside_the_values_count_before_positions(parse_ui):
    named = {"seed": 5, "control_after_generate": "fixed", "scale": 0.5, "mode": "white"}
    parsed = parse_ui([(1, "Noise", {"widgets_values": ["white", 0.5, 5],
                                     "widgets_values_named": named})])
    assert parsed.nodes["1"].widgets == {"seed": 5, "scale": 0.5, "mode": "white"}
    assert parsed.problems == []


def test_unknown_name_beside_the_values_is_told(parse_ui):
    assert "LinearLayer has no widget 'out_features'" in parse_ui([(1, "LinearLayer", {
        "widgets_values": [9], "widgets_values_named": {"out_features": 9}})]).sole_problem()


def test_names_that_are_gone_are_residue_by_name_too(parse_ui, caplog):
    parsed = parse_ui([(1, "LinearLayer", {
        "widgets_values_named": {"output_size": 64, "gone": 5, "bias": None}})])
    assert (parsed.nodes["1"].widgets, parsed.problems) == ({"output_size": 64}, [])
    assert "node 1 (LinearLayer): LinearLayer has no widget 'gone'" in caplog.text


@pytest.mark.parametrize("values", [[None, True], {"data_path": None, "train": True}])
def test_null_is_not_given(parse_ui, values):
    parsed = parse_ui([(1, "MNISTDataset", {"widgets_values": values})])
    assert (parsed.nodes["1"].widgets, parsed.problems) == ({"train": True}, [])


def test_values_stay_in_the_declared_order_beside_names_that_are_gone(parse_ui, caplog):
    names = ["in_features", "out_features", "activation", "bias", "weight_init"]
    parsed = parse_ui([(1, "LinearLayer", {"inputs": [widget(name) for name in names],
                                           "widgets_values": [128, True, "relu", 0.2, "auto"]})])
    assert parsed.nodes["1"].widgets == {"output_size": 128, "bias": True, "activation": "relu",
                                         "dropout": 0.2, "weight_init": "auto"}
    assert parsed.problems == []
    assert "LinearLayer has no widget in_features, out_features; the values" in caplog.text


def test_a_renamed_first_widget_keeps_its_place(parse_ui):
    inputs = [widget("out_features"), widget("bias")]
    parsed = parse_ui([(1, "LinearLayer", {"inputs": inputs, "widgets_values": [64, False]})])
    assert parsed.nodes["1"].widgets == {"output_size": 64, "bias": False}


def test_a_removed_widget_takes_its_value_with_it(parse_ui):
    inputs = [widget(name) for name in ("train", "mirror", "data_path", "download")]
    parsed = parse_ui([(1, "MNISTDataset", {"inputs": inputs,
                                            "widgets_values": [True, "http", "./data", False]})])
    assert parsed.nodes["1"].widgets == {"train": True, "data_path": "./data", "download": False}


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
        "from node 8 (GetBatch): only a PrimitiveNode may be linked to a widget, or one of a "
        "single value such as PrimitiveInt")


def test_nothing_is_said_of_a_widget_linked_from_an_unknown_type(parse_ui, parse):
    parsed = parse_ui([(1, "BatchSampler", {"inputs": [widget("batch_size")]}),
                       (8, "Strange", {})], [(8, 0, 1, 0, "INT")])
    assert parsed.problems == []
    assert parse({"8": {"class_type": "Strange"}, "1": {
        "class_type": "BatchSampler", "inputs": {"batch_size": ["8", 0]}}}).problems == []


CONSTANTS = [("PrimitiveInt", 64, "INT"), ("PrimitiveFloat", 0.5, "FLOAT"),
             ("PrimitiveString", "x", "STRING"), ("PrimitiveStringMultiline", "x", "STRING"),
             ("PrimitiveBoolean", True, "BOOLEAN")]


@pytest.mark.parametrize("type_,value,slot", CONSTANTS)
def test_constants_give_their_value_in_both_formats(parse_ui, parse, type_, value, slot):
    constant = (50, type_, {"inputs": [widget("value")], "outputs": [{"name": slot, "type": slot}],
                            "widgets_values": [value, "fixed"]})
    for parsed in (
            parse_ui([(1, "BatchSampler", {"inputs": [widget("batch_size", link=1)],
                                           "widgets_values": [32, True, -1, "fixed"]}), constant],
                     [(50, 0, 1, 0, slot)]),
            parse({"50": {"class_type": type_, "inputs": {"value": value}},
                   "1": {"class_type": "BatchSampler", "inputs": {
                       "batch_size": ["50", 0], "shuffle": True, "seed": -1}}})):
        assert parsed.nodes["1"].widgets == {"batch_size": value, "shuffle": True, "seed": -1}
        assert (set(parsed.nodes), parsed.problems) == ({"1"}, [])


def test_constants_may_feed_each_other(parse_ui, parse):
    nodes = [(1, "BatchSampler", {"inputs": [widget("batch_size")], "widgets_values": [32]})]
    nodes += [(number, "PrimitiveInt", {"inputs": [widget("value")], "widgets_values": [number]})
              for number in (50, 51)]
    assert parse_ui(nodes, [(50, 0, 51, 0, ""), (51, 0, 1, 0, "")]
                    ).nodes["1"].widgets == {"batch_size": 50}
    circle = parse_ui(nodes, [(50, 0, 51, 0, ""), (51, 0, 50, 0, ""), (51, 0, 1, 0, "")])
    assert "its value comes from itself" in circle.sole_problem()
    api = {"1": {"class_type": "BatchSampler", "inputs": {"batch_size": ["51", 0]}},
           "50": {"class_type": "PrimitiveInt", "inputs": {"value": 50}},
           "51": {"class_type": "PrimitiveInt", "inputs": {"value": ["50", 0]}}}
    assert parse(api).nodes["1"].widgets == {"batch_size": 50}
    api["50"]["inputs"]["value"] = ["51", 0]
    assert "its value comes from itself" in parse(api).sole_problem()


def test_constant_linked_to_a_port_is_told(parse):
    parsed = parse({"2": {"class_type": "ORNode", "inputs": {"input_a": ["50", 0]}},
                    "50": {"class_type": "PrimitiveInt", "inputs": {"value": 1}}})
    assert parsed.sole_problem() == (
        "node 2 (ORNode), input_a: expected data from a node that runs, found node 50 "
        "(PrimitiveInt), which can only set widgets")


def test_primitive_linked_to_a_port_is_told(parse_ui):
    parsed = parse_ui([(2, "ORNode", {}), (8, "PrimitiveNode", {"widgets_values": [1]})],
                      [(8, 0, 2, 0, "INT")])
    assert "input_a: expected data from a node that runs, found node 8 (PrimitiveNode)" in (
        parsed.sole_problem())
