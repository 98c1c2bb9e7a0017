"""Steps that leave no number behind that is not finite."""

import pytest
import torch

from dnne_ros.learning.descent import Descent
from dnne_ros.learning.finite import NotFiniteError


def test_a_weight_that_no_loss_depends_on_is_named_when_it_overflows():
    """Decay of 1e6 at a rate of 1e6 makes it 1e12 times as large, and of the other sign."""
    weight = torch.nn.Parameter(torch.ones(2))
    descent = Descent(torch.optim.SGD([weight], lr=1e6, weight_decay=1e6))
    for item in (1, 2, 3):
        descent.backward((weight * 0).sum(), item)
        descent.step(item)
    assert weight[0].item() == pytest.approx(-1e36)
    descent.backward((weight * 0).sum(), 4)
    with pytest.raises(NotFiniteError, match="item 4: after its step, weight 0 is not finite; a "
                                             r"learning rate of 1e\+06 may be too large"):
        descent.step(4)


@pytest.mark.parametrize("clip, left", [(5.0, [3.0, 4.0]), (10.0, [6.0, 8.0])])
def test_gradients_are_scaled_down_to_a_norm(clip, left):
    weight = torch.nn.Parameter(torch.zeros(2))
    unused = torch.nn.Parameter(torch.zeros(2))
    descent = Descent(torch.optim.SGD([weight, unused], lr=1.0))
    descent.backward((weight * torch.tensor([6.0, 8.0])).sum(), 1)
    assert descent.norm == 10.0
    descent.clip(clip)
    descent.step(1)
    assert weight.tolist() == pytest.approx([-each for each in left])


def test_what_the_optimizer_remembers_is_looked_at_also_where_gradients_cancel():
    """Those of two classes do: their sum is 0, however large they are, and Adam squares them."""
    weight = torch.nn.Parameter(torch.zeros(2))
    descent = Descent(torch.optim.Adam([weight], lr=1e-3))
    with pytest.raises(NotFiniteError, match="after its step, exp_avg_sq of weight 0 is not fin"):
        for item in range(1, 33):
            descent.backward((weight * torch.tensor([1e25, -1e25])).sum(), item)
            descent.step(item)
    assert item == 32
