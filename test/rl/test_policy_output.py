"""A policy output as one array, and back."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from dnne_ros.rl.policy_output import PolicyOutput


def output(n=3, observations=4, actions=1, mean=1, continuous=True):
    """Return a policy output of random numbers."""
    return PolicyOutput(
        torch.randn(n, observations), torch.randn(n, actions), torch.randn(n), torch.randn(n),
        torch.randn(n, mean), torch.rand(n, mean) if continuous else None)


def test_columns_are_named():
    assert output().columns == "observations[4],actions[1],log_prob,value,mean[1],std[1]"
    assert output(mean=5, continuous=False).columns == (
        "observations[4],actions[1],log_prob,value,mean[5]")


@given(st.integers(0, 4), st.integers(1, 5), st.integers(1, 3), st.booleans())
def test_array_and_back_is_exact(n, observations, actions, continuous):
    before = output(n, observations, actions, actions, continuous)
    array = before.to_array()
    assert array.dtype == np.float32
    after = PolicyOutput.from_array(array, before.columns)
    assert after.columns == before.columns
    for field in fields(PolicyOutput):
        mine, its = getattr(before, field.name), getattr(after, field.name)
        assert (mine is None and its is None) or torch.equal(mine, its)


@pytest.mark.parametrize("columns, message", [
    ("observations[4],actions[1],log_prob,value,mean[2]", r"expected 9 columns.*found 10"),
    ("observations[4],actions[4],log_prob,value", "expected columns observations, .*, mean, std"),
    ("observations[4],actions[1],log_prob,value,mean[1],std[1],x", "expected columns"),
    ("observations[4];actions[1]", "expected name or name.size., found"),
])
def test_columns_that_do_not_fit_are_refused(columns, message):
    with pytest.raises(ValueError, match=message):
        PolicyOutput.from_array(np.zeros((3, 10), np.float32), columns)
