"""Whatever a file holds, the answer is problems or `InputError`, never another exception."""

import copy
import json

import pytest
from hypothesis import given, settings, strategies as st

from dnne_ros.errors import InputError
from dnne_ros.workflow.reading import parse_workflow, read_workflow

TYPES = st.sampled_from(["ORNode", "Swap", "BatchSampler", "Reroute", "PrimitiveNode", "Note",
                         "PPOAgentNode", "sub", "Strange"])
SCALARS = (st.none() | st.booleans() | st.integers() | st.just(10 ** 400) | st.floats()
           | st.text(max_size=5) | TYPES)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.text(max_size=3) | st.sampled_from(
            ["nodes", "links", "id", "type", "inputs", "class_type", "widget", "name", "0"]),
        inner, max_size=4), max_leaves=15)

# Small numbers, so that ids and slots meet.
FEW = st.integers(0, 4)
PORT = st.fixed_dictionaries({}, optional={
    "name": st.sampled_from(["input_a", "first", "output", "one", "batch_size", "", "x"]) | JSON,
    "type": st.sampled_from(["TENSOR", "CONTEXT", "*"]) | JSON,
    "link": FEW | JSON,
    "widget": st.just({"name": "batch_size"}) | JSON})
NODE = st.fixed_dictionaries({"id": FEW, "type": TYPES}, optional={
    "mode": st.sampled_from([0, 2, 4]) | JSON,
    "inputs": st.lists(PORT | JSON, max_size=3) | JSON,
    "outputs": st.lists(PORT | JSON, max_size=3) | JSON,
    "widgets_values": st.lists(JSON, max_size=5) | JSON,
    "properties": st.fixed_dictionaries({"dnne_ros": JSON}) | JSON,
    "title": JSON, "pos": JSON, "size": JSON})
LINK = st.tuples(FEW, FEW, FEW, FEW, FEW, JSON).map(list)
UI_GRAPH = st.fixed_dictionaries({"nodes": st.lists(NODE | JSON, max_size=5)}, optional={
    "links": st.lists(LINK | JSON, max_size=9) | JSON,
    "groups": st.lists(JSON, max_size=2) | JSON,
    "definitions": JSON | st.just({"subgraphs": [{"id": "sub", "name": "Sub"}, 3]})})
API_NODE = st.fixed_dictionaries({"class_type": TYPES | JSON}, optional={
    "inputs": st.dictionaries(
        st.sampled_from(["input_a", "first", "batch_size", "context", "x"]),
        st.tuples(FEW.map(str), FEW).map(list) | JSON, max_size=4) | JSON,
    "_meta": JSON})
API_GRAPH = st.dictionaries(FEW.map(str) | st.text(max_size=2), API_NODE | JSON, max_size=5)


@settings(max_examples=600, deadline=None)
@given(document=JSON | UI_GRAPH | API_GRAPH)
def test_any_json_gives_an_answer(signature_of, document):
    try:
        workflow, problems = parse_workflow(document, "graph", "graph.json", signature_of)
    except InputError as error:
        assert str(error)
        return
    ids = {node.id for node in workflow.nodes}
    targets = [link.target for link in workflow.links]
    assert all(map(str, problems))
    assert {link.source.node for link in workflow.links} | {end.node for end in targets} <= ids
    assert len(set(targets)) == len(targets), "two links into one input"
    assert workflow.nodes or len(problems)


def test_a_number_that_python_cannot_print_is_told(parse):
    # Hypothesis cannot print it either.
    parsed = parse({"nodes": [{"id": 10 ** 5000}, {"id": 1, "type": "ORNode", "mode": 10 ** 5000,
                                                   "pos": [10 ** 5000, 0]}]})
    assert [problem.rpartition("found ")[2] for problem in parsed.problems] == [
        "a huge number", "a huge number"]


@settings(max_examples=200, deadline=None)
@given(contents=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_give_an_answer(signature_of, tmp_path_factory, contents):
    path = tmp_path_factory.getbasetemp() / "hostile.json"
    path.write_bytes(contents)
    try:
        read_workflow(path, signature_of)
    except InputError as error:
        str(error).encode("utf-8")


def places(value, path=()):
    """Return the path of every value inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    found = [path] if path else []
    for key, child in inner:
        found += places(child, (*path, key))
    return found


@pytest.fixture(scope="module")
def valid():
    """Return a graph that uses most of what the UI format has."""
    return {
        "nodes": [
            {"id": 1, "type": "IsaacGymEnvNode", "mode": 0, "pos": [1, 2],
             "outputs": [{"name": "sim_handle", "type": "SIM_HANDLE", "links": []},
                         {"name": "observations", "type": "TENSOR", "links": [1, 3]}],
             "widgets_values": ["Cartpole", 4]},
            {"id": 2, "type": "Reroute"},
            {"id": 3, "type": "ORNode", "mode": 4},
            {"id": 4, "type": "ORNode", "properties": {"dnne_ros": {"process": "a"}},
             "inputs": [{"name": "input_a", "type": "TENSOR", "link": 2},
                        {"name": "input_b", "type": "TENSOR", "link": 4}]},
            {"id": 5, "type": "PrimitiveNode", "widgets_values": [7, "fixed"]},
            {"id": 6, "type": "BatchSampler", "widgets_values": [16, True, 3, "fixed"],
             "inputs": [{"name": "seed", "type": "INT", "widget": {"name": "seed"}, "link": 5}]}],
        "links": [[1, 1, 1, 2, 0, "*"], [2, 2, 0, 4, 0, "TENSOR"], [3, 1, 1, 3, 0, "TENSOR"],
                  [4, 3, 0, 4, 1, "TENSOR"], [5, 5, 0, 6, 0, "INT"]],
        "groups": [{"title": "g", "bounding": [0, 0, 9, 9]}]}


def test_the_graph_that_is_mutated_is_valid(parse, valid):
    parsed = parse(valid)
    assert parsed.problems == []
    assert parsed.links == {("1.observations", "4.input_a"), ("1.observations", "4.input_b")}
    assert parsed.nodes["6"].widgets["seed"] == 7


@settings(max_examples=600, deadline=None)
@given(data=st.data())
def test_a_mutated_file_gives_an_answer(signature_of, valid, data):
    document = copy.deepcopy(valid)
    *parents, last = data.draw(st.sampled_from(places(document)))
    owner = document
    for key in parents:
        owner = owner[key]
    if data.draw(st.booleans()):
        owner[last] = data.draw(JSON)
    else:
        del owner[last]
    try:
        _, problems = parse_workflow(document, "graph", "graph.json", signature_of)
    except InputError as error:
        assert str(error)
    else:
        assert all(map(str, problems))
