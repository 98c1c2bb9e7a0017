"""Optimizers without torch's compiler: the same numbers, and nothing of it is loaded."""

import subprocess
import sys

import pytest
import torch

from dnne_ros.learning import eager_optimizers

CASES = [
    ("Adam", {"lr": 0.01, "fused": True}),
    ("Adam", {"lr": 0.01, "betas": (0.8, 0.99), "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
]


def train(optimizer_class, options, steps, state=None):
    """Return the weights and the optimizer's state after some steps on a fixed problem."""
    torch.manual_seed(0)
    layer = torch.nn.Linear(5, 3)
    data = torch.randn(steps, 8, 5)
    optimizer = optimizer_class(layer.parameters(), **options)
    if state is not None:
        optimizer.load_state_dict(state)
    for number, batch in enumerate(data):
        optimizer.param_groups[0]["lr"] = options["lr"] / (1 + number)
        optimizer.zero_grad()
        layer(batch).square().mean().backward()
        optimizer.step()
    return layer.weight.detach(), optimizer.state_dict()


@pytest.mark.parametrize("name, options", CASES)
def test_the_numbers_are_torchs_own_to_the_bit(name, options):
    ours, state = train(getattr(eager_optimizers, name), options, 5)
    theirs, their_state = train(getattr(torch.optim, name), options, 5)
    assert torch.equal(ours, theirs)
    again, _ = train(getattr(eager_optimizers, name), options, 5, their_state)
    there, _ = train(getattr(torch.optim, name), options, 5, state)
    assert torch.equal(again, there) and not torch.equal(again, ours)


def test_gradients_are_on_again_after_a_step():
    train(eager_optimizers.Adam, {"lr": 0.1}, 1)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("name, options", CASES)
def test_the_compiler_is_not_loaded(name, options):
    code = ("import sys, torch\n"
            f"from dnne_ros.learning.eager_optimizers import {name}\n"
            "weights = torch.zeros(3, requires_grad=True)\n"
            f"optimizer = {name}([weights], **{options!r})\n"
            "weights.sum().backward()\noptimizer.step()\noptimizer.zero_grad()\n"
            "optimizer.load_state_dict(optimizer.state_dict())\n"
            "assert weights[0] < 0\n"
            "print(sorted({'torch._dynamo', 'triton', 'sympy'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stdout + done.stderr
