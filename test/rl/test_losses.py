"""The terms of the loss, by hand."""

import pytest
import torch

from dnne_ros.rl.losses import bounds_loss, surrogate_loss, value_loss


def test_surrogate():
    # min(1.5·1, 1.2·1) = 1.2, min(0.5·1, 0.8·1) = 0.5, min(1.5·-1, 1.2·-1) = -1.5
    loss, clipped = surrogate_loss(
        torch.tensor([1.5, 0.5, 1.5]), torch.tensor([1.0, 1.0, -1.0]), 0.2)
    assert loss.item() == pytest.approx(-(1.2 + 0.5 - 1.5) / 3)
    assert clipped.tolist() == pytest.approx([1.2, 0.8, 1.2])


def test_value_loss_in_units_of_a_scale():
    values, returns, old = torch.tensor([2.0]), torch.tensor([3.0]), torch.tensor([1.0])
    assert value_loss(values, returns, old, None).item() == 1.0
    assert value_loss(values, returns, old, 0.2).item() == pytest.approx(1.8 ** 2)
    two = torch.tensor([2.0])
    assert value_loss(values, returns, old, None, two).item() == 0.25
    # From 1 the value may go 0.2 · 2 far, to 1.4, which is 1.6 = 0.8 · 2 from 3.
    assert value_loss(values, returns, old, 0.2, two).item() == pytest.approx(0.8 ** 2)


def test_bounds_loss_is_that_of_rl_games():
    means = torch.tensor([[0.0, 1.1], [-2.1, 1.6], [1.0, -1.0]])
    high = (means - 1.1).clamp(min=0.0) ** 2
    low = (means + 1.1).clamp(max=0.0) ** 2
    expected = (high + low).sum(-1).mean()
    assert bounds_loss(means).item() == pytest.approx(expected.item())
    assert bounds_loss(means).item() == pytest.approx((1.0 + 0.25) / 3)
