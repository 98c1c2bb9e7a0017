"""Advantages against numbers worked out by hand, and against the sum that defines them."""

import pytest
import torch
from hypothesis import given, strategies as st

from dnne_ros.rl.gae import advantages_and_returns


def column(*values):
    """Return the values of one environment, (H, 1)."""
    return torch.tensor(values).unsqueeze(1)


def test_by_hand_without_ends():
    # γ = 0.5, λ = 0.5: δ_2 = 3 + 0.5·4 - 1 = 4; δ_1 = 2 + 0.5·1 - 2 = 0.5; δ_0 = 1 + 1 - 0 = 2.
    # Â_2 = 4; Â_1 = 0.5 + 0.25·4 = 1.5; Â_0 = 2 + 0.25·1.5 = 2.375.
    advantages, returns = advantages_and_returns(
        column(1.0, 2.0, 3.0), column(0.0, 2.0, 1.0), column(2.0, 1.0, 4.0),
        column(False, False, False), column(False, False, False), 0.5, 0.5)
    assert advantages.flatten().tolist() == [2.375, 1.5, 4.0]
    assert returns.flatten().tolist() == [2.375, 3.5, 5.0]


def test_by_hand_with_a_termination():
    # Nothing follows step 1: δ_1 = 2 - 2 = 0, and what comes later does not reach back.
    advantages, _ = advantages_and_returns(
        column(1.0, 2.0, 3.0), column(0.0, 2.0, 1.0), column(2.0, torch.nan, 4.0),
        column(False, True, False), column(False, True, False), 0.5, 0.5)
    assert advantages.flatten().tolist() == [2.0, 0.0, 4.0]


def test_by_hand_with_a_time_out():
    # The value of what would have followed counts, δ_1 = 2 + 0.5·6 - 2 = 3, but no later reward.
    advantages, _ = advantages_and_returns(
        column(1.0, 2.0, 3.0), column(0.0, 2.0, 1.0), column(2.0, 6.0, 4.0),
        column(False, False, False), column(False, True, False), 0.5, 0.5)
    assert advantages.flatten().tolist() == [2.75, 3.0, 4.0]


def advantage_as_a_sum(rewards, values, next_values, terminated, done, gamma, lam, start, env):
    """Return Σ_l (γλ)^l δ_{t+l} up to the end of the episode or the rollout."""
    total, weight = 0.0, 1.0
    for step in range(start, len(rewards)):
        follows = 0.0 if terminated[step][env] else next_values[step][env]
        total += weight * (rewards[step][env] + gamma * follows - values[step][env])
        weight *= gamma * lam
        if done[step][env]:
            break
    return total


@given(st.integers(1, 8), st.integers(1, 3), st.floats(0, 1), st.floats(0, 1),
       st.integers(0, 2**32))
def test_is_the_sum_of_the_paper(horizon, num_envs, gamma, lam, seed):
    generator = torch.Generator()
    generator.manual_seed(seed)
    shape = (horizon, num_envs)
    rewards, values, next_values = torch.randn(3, *shape, generator=generator)
    kind = torch.randint(4, shape, generator=generator)
    terminated, done = kind == 0, kind <= 1
    advantages, returns = advantages_and_returns(
        rewards, values, next_values, terminated, done, gamma, lam)
    slow = [part.tolist() for part in (rewards, values, next_values, terminated, done)]
    for step in range(horizon):
        for env in range(num_envs):
            expected = advantage_as_a_sum(*slow, gamma, lam, step, env)
            assert advantages[step, env].item() == pytest.approx(expected, abs=1e-4)
    assert torch.allclose(returns, advantages + values)
