"""Parameters that are views of one vector."""

import copy

import pytest
import torch
from torch import nn

from dnne_ros.learning.flat_parameters import FlatParameters


def network():
    """Return two layers."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def test_the_module_is_as_it_was_and_follows_the_vector():
    module = network()
    before = copy.deepcopy(module.state_dict())
    flat = FlatParameters(module)
    torch.testing.assert_close(module.state_dict(), before, rtol=0, atol=0)
    assert flat.shapes == {name: value.shape for name, value in before.items()}
    with torch.no_grad():
        flat.vector.mul_(2.0)
    assert torch.equal(module[2].bias, 2.0 * before["2.bias"])
    module.load_state_dict(before)
    assert torch.equal(flat.split(flat.vector.detach())["0.weight"], before["0.weight"])


def test_gradients_come_together_and_are_clipped_as_torch_does():
    module, peer = network(), network()
    flat = FlatParameters(module)
    rows = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    for each in (module, peer):
        each(rows).square().sum().backward()
    most = 0.1
    expected = nn.utils.clip_grad_norm_(peer.parameters(), most)
    assert flat.clip_gradients(most).item() == pytest.approx(expected.item(), rel=1e-6)
    for name, gradient in flat.split(flat.vector.grad).items():
        torch.testing.assert_close(gradient, peer.get_parameter(name).grad)
        assert module.get_parameter(name).grad.data_ptr() == gradient.data_ptr()
    small = flat.vector.grad.clone()
    flat.clip_gradients(10.0)
    assert torch.equal(flat.vector.grad, small)
    flat.zero_gradients()
    assert not module[0].weight.grad.any()
