"""Adam for the parameters of a network as one vector."""

from __future__ import annotations

import torch
from torch import nn

from dnne_ros.learning.eager_optimizers import Adam


class FlatAdam:
    """torch's fused Adam of one vector, without its lists of parameters, groups and devices.

    Those take longer than the numbers of a small network.  Same numbers, same state.

    Attributes:
        state: of the vector: ``step``, ``exp_avg`` and ``exp_avg_sq``; nothing before a step.
        param_groups: one, with the learning rate ``lr``.

    """

    def __init__(self, vector: nn.Parameter, learning_rate: float):
        """Change ``vector`` in place, by its gradient, which it has from the beginning."""
        self._vector = vector
        self._adam = Adam([vector], learning_rate, fused=True)
        self.state, self.param_groups = self._adam.state, self._adam.param_groups

    @torch.no_grad()
    def step(self) -> None:
        """Take a step."""
        vector, state, group = self._vector, self.state[self._vector], self.param_groups[0]
        if not state:
            self._adam.step()
            return
        assert vector.grad is not None
        beta1, beta2 = group["betas"]
        state["step"] += 1
        torch._fused_adam_(
            [vector], [vector.grad], [state["exp_avg"]], [state["exp_avg_sq"]], [],
            [state["step"]], lr=group["lr"], beta1=beta1, beta2=beta2, weight_decay=0.0,
            eps=group["eps"], amsgrad=False, maximize=False)
