"""The value of what followed each step."""

import torch

from dnne_ros.rl.bootstrap import next_values

VALUES = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
LAST = torch.tensor([4.0, 40.0])
TIMED_OUT = torch.tensor([[False, False], [True, False], [False, True]])


def critic(observations):
    """Value observations at a hundred times their first number."""
    return 100.0 * observations[:, 0]


def test_the_next_step_has_the_value_already():
    found = next_values(VALUES, LAST, torch.zeros(3, 2, dtype=torch.bool), None, critic)
    assert found.tolist() == [[2.0, 20.0], [3.0, 30.0], [4.0, 40.0]]


def test_time_outs_ask_the_critic_about_what_followed():
    following = torch.arange(6.0).reshape(3, 2, 1)
    found = next_values(VALUES, LAST, TIMED_OUT, following, critic)
    assert found.tolist() == [[2.0, 20.0], [200.0, 30.0], [4.0, 500.0]]


def test_time_outs_of_which_nothing_is_known_take_the_value_before():
    found = next_values(VALUES, LAST, TIMED_OUT, None, critic)
    assert found.tolist() == [[2.0, 20.0], [2.0, 30.0], [4.0, 30.0]]


def test_the_stored_values_stay_as_they_are():
    values = VALUES.clone()
    next_values(values, LAST, TIMED_OUT, torch.ones(3, 2, 1), critic)
    assert torch.equal(values, VALUES)
