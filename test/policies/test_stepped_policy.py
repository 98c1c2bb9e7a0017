"""Policies with a memory, by hand in numpy."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from dnne_ros.policies.runtimes import policy_of
from dnne_ros.policies.sessions import open_session

DRAWS = np.random.default_rng(0)
INTO, BACK, OUT = (DRAWS.standard_normal(shape).astype(np.float32) * 0.5
                   for shape in ((3, 4), (4, 4), (4, 2)))


def port(name, *shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, list(shape))


def model(inputs, outputs, states=("hidden_in", "hidden_out")):
    """Return h' = tanh(o·INTO + h·BACK), a = h'·OUT, with the given names for its states."""
    before, after = states
    nodes = [helper.make_node("MatMul", [inputs[0].name, "into"], ["x"]),
             helper.make_node("MatMul", [before, "back"], ["y"]),
             helper.make_node("Add", ["x", "y"], ["z"]),
             helper.make_node("Tanh", ["z"], [after]),
             helper.make_node("MatMul", [after, "out"], ["actions"])]
    graph = helper.make_graph(nodes, "policy", inputs, outputs, [
        numpy_helper.from_array(array, name)
        for name, array in (("into", INTO), ("back", BACK), ("out", OUT))])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made.SerializeToString()


@pytest.fixture(scope="module")
def session():
    """Return a session of a policy with a memory."""
    return open_session(model(
        [port("observations", "batch", 3), port("hidden_in", "batch", 4)],
        [port("actions", "batch", 2), port("hidden_out", "batch", 4)]))[0]


def by_hand(observations):
    """Return the actions for a sequence (steps, n, 3)."""
    hidden = np.zeros((observations.shape[1], 4), np.float32)
    actions = []
    for row in observations:
        hidden = np.tanh(row @ INTO + hidden @ BACK)
        actions.append(hidden @ OUT)
    return np.array(actions)


@pytest.mark.parametrize("count", [1, 5])
def test_states_are_fed_back_and_a_reset_forgets_them(session, count):
    policy = policy_of(session)
    assert (policy.states, policy.observation_size, policy.action_size) == (("hidden",), 3, 2)
    sequence = DRAWS.standard_normal((50, count, 3)).astype(np.float32)
    expected = by_hand(sequence)
    for _ in range(2):
        found = np.array([policy(row) for row in sequence])
        assert np.abs(found - expected).max() <= 1e-6
        policy.reset()
    assert np.abs(policy(sequence[1]) - expected[1]).max() > 1e-3  # it would have been noticed


def test_another_number_of_robots_begins_anew(session):
    policy = policy_of(session)
    one, two = (DRAWS.standard_normal((1, count, 3)).astype(np.float32) for count in (1, 2))
    policy(one[0])
    assert np.abs(policy(two[0]) - by_hand(two)[0]).max() <= 1e-6


@pytest.mark.parametrize("inputs, outputs, states, said", [
    ([port("observations", 1, 3), port("memory", 1, 4)],
     [port("actions", 1, 2), port("hidden_out", 1, 4)], ("memory", "hidden_out"),
     "found observations, memory → actions, hidden_out"),
    ([port("pixels", 1, 3), port("hidden_in", 1, 4)],
     [port("hidden_out", 1, 4)], ("hidden_in", "hidden_out"), "found pixels, hidden_in → ")])
def test_ports_of_no_policy_are_named(inputs, outputs, states, said):
    with pytest.raises(ValueError, match="expected one input of observations") as refused:
        policy_of(open_session(model(inputs, outputs, states))[0])
    assert said in str(refused.value)
