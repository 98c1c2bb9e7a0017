"""Adam of one vector, against torch's."""

import pytest
import torch
from torch import nn

from dnne_ros.learning.flat_adam import FlatAdam
from dnne_ros.learning.flat_parameters import FlatParameters


def network(width=4):
    """Return two layers, always the same."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, width), nn.Tanh(), nn.Linear(width, 2))


def optimized(width=4):
    """Return a network, its parameters and their optimizer."""
    module = network(width)
    parameters = FlatParameters(module)
    return module, parameters, FlatAdam(parameters, 1e-2)


def step(parameters, adam, numbers):
    """Take a step for each of ``numbers``, by a gradient that is drawn from it."""
    for number in numbers:
        parameters.vector.grad.copy_(torch.randn(
            parameters.vector.shape, generator=torch.Generator().manual_seed(number)))
        adam.step()


def test_takes_the_steps_of_torchs_fused_adam_bit_by_bit():
    _, parameters, flat = optimized()
    theirs = nn.Parameter(parameters.vector.detach().clone())
    adam = torch.optim.Adam([theirs], 1e-2, fused=True)
    for number in range(6):
        rate = adam.param_groups[0]["lr"] = 1e-2 / (1 + number)
        flat.set_learning_rate(rate)
        step(parameters, flat, [number])
        theirs.grad = parameters.vector.grad
        adam.step()
        assert torch.equal(parameters.vector, theirs)
    saved = flat.state()
    assert len(saved) == 3 * len(parameters.shapes)
    for key, value in adam.state[theirs].items():
        parts = parameters.split(value) if value.dim() else dict.fromkeys(parameters.shapes, value)
        for name, part in parts.items():
            assert torch.equal(saved[f"{key}/{name}"], part), (key, name)


@pytest.mark.parametrize("before", [0, 3])
def test_goes_on_from_what_was_saved_bit_by_bit(before):
    _, parameters, adam = optimized()
    step(parameters, adam, range(before))
    saved, weights = adam.state(), parameters.vector.detach().clone()
    step(parameters, adam, range(10, 13))

    _, others, other = optimized()
    step(others, other, range(1))
    with torch.no_grad():
        others.vector.copy_(weights)
    other.restore(saved)
    step(others, other, range(10, 13))
    assert torch.equal(others.vector, parameters.vector)


@pytest.mark.parametrize(("spoil", "problem"), [
    (lambda saved: saved.update({"exp_avg/2.bias": torch.zeros(3)}),
     r"exp_avg/2.bias: expected \(2,\), found \(3,\)"),
    (lambda saved: saved.pop("step/0.bias"), r"step/0.bias: expected \(\), found nothing"),
    (lambda saved: saved.update(other=torch.zeros(1)), "and not other"),
    (lambda saved: saved.update({"step/0.bias": torch.tensor(9.0)}),
     "expected one number of steps, found 2, 9")])
def test_the_state_of_another_network_is_refused_and_changes_nothing(spoil, problem):
    _, parameters, adam = optimized()
    step(parameters, adam, range(2))
    before = adam.state()
    saved = dict(before)
    spoil(saved)
    with pytest.raises(ValueError, match=f"saved optimizer.*{problem}"):
        adam.restore(saved)
    assert all(torch.equal(value, before[name]) for name, value in adam.state().items())
