"""Adam for the parameters of a network as one vector."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from dnne_ros.learning.eager_optimizers import Adam


class FlatAdam(Adam):
    """torch's fused Adam of one vector, without its lists of parameters, groups and devices.

    Those take longer than the numbers of a small network.  Same numbers, same state.
    """

    def __init__(self, vector: Tensor, learning_rate: float):
        """Change ``vector`` in place, by its gradient."""
        super().__init__([vector], learning_rate, fused=True)
        self._vector = vector

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Take a step."""
        vector, state = self._vector, self.state[self._vector]
        if not state:
            super().step()
            return
        group = self.param_groups[0]
        beta1, beta2 = group["betas"]
        state["step"] += 1
        torch._fused_adam_(
            [vector], [vector.grad], [state["exp_avg"]], [state["exp_avg_sq"]], [],
            [state["step"]], lr=group["lr"], beta1=beta1, beta2=beta2, weight_decay=0.0,
            eps=group["eps"], amsgrad=False, maximize=False)
