"""Adam of one vector, against torch's."""

import torch
from torch import nn

from dnne_ros.learning.flat_adam import FlatAdam


def test_takes_the_steps_of_torchs_fused_adam_bit_by_bit():
    ours, theirs = (nn.Parameter(torch.linspace(-1.0, 1.0, 50)) for _ in range(2))
    flat, adam = FlatAdam(ours, 1e-2), torch.optim.Adam([theirs], 1e-2, fused=True)
    draws = torch.Generator().manual_seed(0)
    for number in range(6):
        ours.grad = theirs.grad = torch.randn(50, generator=draws)
        flat.param_groups[0]["lr"] = adam.param_groups[0]["lr"] = 1e-2 / (1 + number)
        flat.step()
        adam.step()
        assert torch.equal(ours, theirs)
    for name, value in adam.state[theirs].items():
        assert torch.equal(flat.state[ours][name], value), name
