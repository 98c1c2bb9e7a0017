"""Adam for the parameters of a network as one vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from dnne_ros.learning.eager_optimizers import Adam
from dnne_ros.learning.flat_parameters import FlatParameters

_MOMENTS = ("exp_avg", "exp_avg_sq")
"""What Adam remembers of each parameter, beside how many steps it has taken."""


class FlatAdam:
    """torch's fused Adam of one vector, without its lists of parameters, groups and devices.

    Those take longer than the numbers of a small network.  Same numbers, same state.
    """

    def __init__(self, parameters: FlatParameters, learning_rate: float):
        """Change ``parameters`` in place, by their gradients."""
        self._parameters = parameters
        self._adam = Adam([parameters.vector], learning_rate, fused=True)
        self._group: dict[str, Any] = self._adam.param_groups[0]

    def set_learning_rate(self, rate: float | Tensor) -> None:
        """Take the next steps with ``rate``; a tensor, (), is one of the parameters' device."""
        self._group["lr"] = rate

    @torch.no_grad()
    def step(self) -> None:
        """Take a step."""
        vector, group = self._parameters.vector, self._group
        state = self._adam.state[vector]
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

    def state(self) -> dict[str, Tensor]:
        """Return a copy of what `restore` needs; nothing before the first step.

        For each parameter, as torch's Adam has them: ``step/NAME``, ``exp_avg/NAME``,
        ``exp_avg_sq/NAME``.
        """
        saved: dict[str, Tensor] = {}
        for key, value in self._adam.state[self._parameters.vector].items():
            parts = self._parameters.split(value) if value.dim() else dict.fromkeys(
                self._parameters.shapes, value)
            saved |= {f"{key}/{name}": part.clone() for name, part in parts.items()}
        return saved

    def restore(self, saved: Mapping[str, Tensor]) -> None:
        """Go back to what `state` returned.

        Raises:
            ValueError: it is that of another network; nothing has changed then.

        """
        shapes, vector = self._parameters.shapes, self._parameters.vector
        if saved:
            self._check(saved)
        self._adam.state.clear()
        if saved:
            self._adam.state[vector] = {
                "step": saved[f"step/{next(iter(shapes))}"].to(vector.device, copy=True),
                **{key: torch.cat([saved[f"{key}/{name}"].reshape(-1) for name in shapes]
                                  ).to(vector.device, copy=True) for key in _MOMENTS}}

    def _check(self, saved: Mapping[str, Tensor]) -> None:
        expected = {f"{key}/{name}": shape if key in _MOMENTS else torch.Size()
                    for name, shape in self._parameters.shapes.items()
                    for key in ("step", *_MOMENTS)}
        for name, shape in expected.items():
            found = saved[name].shape if name in saved else None
            if found != shape:
                raise ValueError(f"saved optimizer, {name}: expected {tuple(shape)}, found "
                                 f"{'nothing' if found is None else tuple(found)}")
        if unknown := sorted(set(saved) - set(expected)):
            raise ValueError(f"saved optimizer: expected {', '.join(sorted(expected))}, and not "
                             f"{', '.join(unknown)}")
        steps = {saved[name].item() for name in expected if name.startswith("step/")}
        if len(steps) > 1:
            raise ValueError("saved optimizer: expected one number of steps, found "
                             f"{', '.join(f'{each:g}' for each in sorted(steps))}")
