"""Policies with a memory, by hand in numpy."""

import numpy as np
import pytest
from policies_with_memory import BACK, INTO, OUT, model, port, remembering

from dnne_ros.policies.runtimes import policy_of
from dnne_ros.policies.sessions import open_session

DRAWS = np.random.default_rng(0)


@pytest.fixture(scope="module")
def session():
    """Return a session of a policy with a memory."""
    return open_session(remembering())[0]


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


def test_a_rehearsal_changes_no_state(session):
    policy = policy_of(session)
    sequence = DRAWS.standard_normal((20, 1, 3)).astype(np.float32)
    found = []
    for row in sequence:
        policy.rehearse()
        found.append(policy(row))
        policy.rehearse()
    assert np.abs(np.array(found) - by_hand(sequence)).max() <= 1e-6
    policy.reset()
    policy.rehearse()
    assert np.abs(policy(sequence[0]) - by_hand(sequence)[0]).max() <= 1e-6


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
