"""Steps down a loss, none of which leaves a number behind that is not finite."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from dnne_ros.arrays import first_not_finite
from dnne_ros.errors import InputError
from dnne_ros.learning.finite import NotFiniteError, check_finite

_LARGE = 1e12
"""Up to here, squares of gradients and of decayed weights are finite in single precision."""

_LOOK_EVERY = 32
"""Steps from one look at the weights to the next: each may make them three times as large where
rate and decay are at most 1, and add 1e20 (Adam, at gradients of up to _LARGE), which comes to
less than 1e37."""


class Descent:
    """What an optimizer does at each item of an input ``loss``.

    A finite loss may have a gradient that is none (the root of 0), and a finite gradient a step
    that overflows.  Both are found at the item that they come from: by the norm of the gradients,
    and by that of the weights wherever a step may overflow.  What the optimizer remembers is
    looked at when these are large.
    """

    def __init__(self, optimizer: torch.optim.Optimizer):
        """Take the steps of ``optimizer``, whose weights are called what its groups say."""
        self._optimizer = optimizer
        weights = [each for group in optimizer.param_groups for each in group["params"]]
        names = [each for group in optimizer.param_groups for each in group.get("param_names", ())]
        if len(names) != len(weights):
            names = [f"weight {number}" for number in range(len(weights))]
        self._weights: dict[str, Tensor] = dict(zip(names, weights, strict=True))
        self._gradients: dict[str, Tensor] = {}
        self.norm = 0.0
        """2-norm of all gradients as one vector, as `backward` has found them."""

    def backward(self, loss: Tensor, item: int) -> None:
        """Set the gradients of a loss, the ``item``-th: a single number.

        `InputError` if it has no gradient; `NotFiniteError` if it or its gradient is not finite.
        """
        check_finite(loss.detach(), "loss", item)
        if not loss.requires_grad:
            raise InputError("loss", [
                "it has no gradient; expected one that comes from a Network's output"])
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._gradients = {name: weight.grad for name, weight in self._weights.items()
                           if weight.grad is not None}
        self.norm = _norm(self._gradients.values())
        if spoilt := _spoilt(self.norm, self._gradients):
            raise NotFiniteError(f"input 'loss', item {item}: the loss is {loss.item():g}, but "
                                 f"its gradient is not finite, at {spoilt}")

    def clip(self, most: float) -> None:
        """Scale the gradients down to a norm of ``most`` if theirs is larger."""
        if self.norm > most:
            for gradient in self._gradients.values():
                gradient.mul_(most / self.norm)

    def step(self, item: int) -> None:
        """Move the weights.

        `NotFiniteError` if one of them, or what the optimizer remembers of it, is then not finite.
        """
        self._optimizer.step()
        if item % _LOOK_EVERY and not self._may_overflow():
            return
        norm = _norm(self._weights.values())
        spoilt = _spoilt(norm, self._weights)
        if spoilt is None and max(norm, self.norm) > _LARGE:
            spoilt = first_not_finite(
                (f"{key} of {name}", value) for name, weight in self._weights.items()
                for key, value in self._optimizer.state[weight].items()
                if isinstance(value, Tensor))
        if spoilt is not None:
            raise NotFiniteError(
                f"input 'loss', item {item}: after its step, {spoilt} is not finite; a learning "
                f"rate of {self._optimizer.param_groups[0]['lr']:g} may be too large, or the "
                f"gradient, whose norm is {self.norm:g}")

    def _may_overflow(self) -> bool:
        """Tell whether one step may take weights out of range."""
        return self.norm > _LARGE or any(
            group["lr"] > 1 or group.get("weight_decay", 0) > 1
            for group in self._optimizer.param_groups)


@torch.no_grad()
def _norm(tensors: Collection[Tensor]) -> float:
    """Return the 2-norm of tensors as one vector; it may overflow."""
    listed = list(tensors)
    # One call for all of them: a loop over a small network's would take a tenth of an update.
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(listed))).item() \
        if listed else 0.0


def _spoilt(norm: float, tensors: Mapping[str, Tensor]) -> str | None:
    """Return the first of ``tensors``, which have this norm, that is not finite, or None."""
    return None if math.isfinite(norm) else first_not_finite(tensors.items())
