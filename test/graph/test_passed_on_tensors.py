"""Nodes that pass tensors on: what comes out of them has the type of what came in."""

import pytest

from dnne_ros.placement.planning import place
from dnne_ros.workflow.records import PortRef


def flowing(graph, node, port="output"):
    return str(graph.output_types[PortRef(node, port)])


NETWORK = {"1": "Tensor", "2": "Network", "3": "Linear", "4": "SourceNode"}
LINKS = ["1.tensor > 2.input", "2.layers > 3.input", "3.output > 2.to_output"]


@pytest.mark.parametrize("sources, expected", [
    (["4.tensor"], "TENSOR float32"), (["4.tensor", "4.tensor"], "TENSOR float32"),
    (["4.tensor", "4.flags"], "TENSOR"), (["4.tensor", "1.tensor"], "TENSOR"),
    (["2.output", "2.output"], "GRADIENT_TENSOR float32"),
    (["4.tensor", "2.output"], "GRADIENT_TENSOR float32"),
    (["1.tensor", "2.output", "4.flags"], "GRADIENT_TENSOR")])
def test_parts_of_several_types_make_one_that_holds_them(build, sources, expected):
    graph = build({**NETWORK, "9": "Concat"}, [
        *LINKS, *(f"{source} > 9.input_{letter}" for letter, source in zip("abcd", sources))])
    assert flowing(graph, "9") == expected


def test_types_come_through_chains_and_loops(build):
    graph = build({**NETWORK, "5": "Split", "6": "Eat_N", "7": "Barrier",
                   "8": ("Concat", {"widgets": {"mode": "as available"}})},
                  [*LINKS, "4.tensor > 8.input_a", "8.output > 5.input", "5.output_b > 6.input",
                   "6.output > 7.input", "6.trigger > 7.release", "7.output > 8.input_b",
                   "2.output > 8.input_c"])
    for node, port in (("5", "output_b"), ("6", "output"), ("7", "output"), ("8", "output")):
        assert flowing(graph, node, port) == "GRADIENT_TENSOR float32"


def test_what_has_a_gradient_keeps_the_nodes_on_its_way_in_one_process(build):
    graph = build({**NETWORK, "5": "Split", "6": "GeometricLoss", "7": "Optimizer"},
                  [*LINKS, "2.output > 5.input", "5.output_a > 6.predictions",
                   "5.output_b > 6.estimates", "6.output > 7.loss", "2.model > 7.model"])
    assert sorted(map(sorted, place(graph, "split").processes.values())) == [
        ["1"], ["2", "3", "5", "6", "7"], ["4"]]


@pytest.mark.parametrize("type_, port", [
    ("Split", "input"), ("Concat", "input_a"), ("Barrier", "input"), ("Eat_N", "input")])
def test_what_is_no_tensor_is_refused_once(report_of, type_, port):
    links = [f"4.number > 5.{port}", "4.sync > 5.release"][:2 if type_ == "Barrier" else 1]
    output = "output_a" if type_ == "Split" else "output"
    line, = report_of({"4": "SourceNode", "5": type_, "6": "ScaleNode"},
                      [*links, f"5.{output} > 6.value"])
    assert "expected ANY_TENSOR, found FLOAT from node 4 (SourceNode), output 'number'" in line


def test_an_unknown_type_leads_to_no_claim(report_of):
    line, = report_of({"4": "Strange", "5": "Concat", "6": "ScaleNode"},
                      ["4.x > 5.input_a", "5.output > 6.value"])
    assert "unknown node type 'Strange'" in line


def test_a_concat_without_inputs_is_refused(report_of):
    line, = report_of({"5": "Concat"})
    assert "none of its inputs is linked" in line


@pytest.mark.parametrize("mode", ["wait for all", "as available"])
def test_a_loop_starts_through_a_concat_that_does_not_wait(build, report_of, mode):
    nodes = {"4": "SourceNode", "5": ("Concat", {"widgets": {"mode": mode}}), "6": "Eat_N"}
    links = ["4.tensor > 5.input_a", "5.output > 6.input", "6.output > 5.input_b"]
    if mode == "as available":
        build(nodes, links)
    else:
        line, = report_of(nodes, links)
        assert "a loop that nothing starts" in line


def test_bad_values_are_told_at_once_with_the_graph(report_of):
    lines = report_of(
        {"1": ("Tensor", {"widgets": {"tensor_dims": "2x3"}}),
         "2": ("Split", {"widgets": {"split_pos": "3,1"}}),
         "3": ("DataStreamer", {"widgets": {"delimiter": ""}}),
         "4": ("Optimizer", {"widgets": {"optimizer_type": "lion"}}),
         "5": ("Barrier", {"widgets": {"hold_mode": "LIFO"}})},
        ["1.tensor > 2.input", "2.output_a > 5.input", "2.output_b > 5.release"])
    assert len(lines) == 6
    for node, expected in (("1", "tensor_dims"), ("2", "split_pos"), ("3", "delimiter"),
                           ("4", "one of adam, adamw, sgd, rmsprop, found 'lion'"),
                           ("5", "one of FIFO, found 'LIFO'")):
        assert any(line.startswith(f"node {node} ") and expected in line for line in lines)
