import json
import math
import os

import pytest
from hypothesis import example, given, strategies as st

from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.checkpoints.checkpoint_store import CheckpointStore
from dnne_ros.checkpoints.policy_interface import differences, merge_statements, same
from dnne_ros.node_api.state import NodeState

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]))
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner,
                                                                max_size=3), max_leaves=8)


def commit(directory, generation, contract=None):
    store = CheckpointStore(directory)
    files = store.write_node(generation, "1", NodeState())
    store.commit(generation, {"1": "Agent"}, files, {}, contract)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, min_size=1))
@example({"limit": math.inf})
def test_a_policy_interface_fits_itself_after_the_file(tmp_path_factory, contract):
    directory = tmp_path_factory.mktemp("c")
    commit(directory, 1, contract)
    assert differences(Checkpoint.read(directory).policy_interface(), contract) == []


@given(st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=4))
def test_another_order_is_a_difference(values):
    backwards = values[::-1]
    if any(not math.isclose(a, b, rel_tol=1e-5) for a, b in zip(values, backwards)):
        assert not same(values, backwards)


@pytest.mark.parametrize("one, other, equal", [
    (60, 60.0, True), (60.0, 1 / (1 / 60), True), (60.0, 59.9, False), (1, True, False),
    (0, False, False), (["a"], ("a",), True), (["a"], "a", False), (["a"], ["a", "b"], False),
    ({"a": 1}, {"a": 1.0}, True), ({"a": 1}, {"b": 1}, False), (None, 0, False)])
def test_what_is_the_same(one, other, equal):
    assert same(one, other) is equal and same(other, one) is equal


def test_only_what_a_graph_states_is_compared():
    trained = {"task": "Cartpole", "rate_hz": 60.0}
    assert differences(trained, {"rate_hz": 60}) == []
    assert differences(trained, {"rate_hz": 50, "joints": ["a"]}) == [
        "rate_hz: expected 60.0 as in training, found 50 in this graph",
        'joints: expected nothing as in training, found ["a"] in this graph']


def test_nodes_that_contradict_each_other():
    assert merge_statements([{"a": 1}, {}, {"b": 2, "a": 1.0}]) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match=r"a is both \[1\] and \[2\]"):
        merge_statements([{"a": [1]}, {"a": [2]}])


def test_no_policy_interface_is_left_from_an_earlier_checkpoint(tmp_path):
    commit(tmp_path, 1, {"rate_hz": 60})
    assert json.loads((tmp_path / "contract.1.json").read_text()) == {"rate_hz": 60}
    commit(tmp_path, 2)
    assert Checkpoint.read(tmp_path).policy_interface() is None
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.json", "node_1"]
