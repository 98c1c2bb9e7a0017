"""Steps down a loss, none of which leaves a number behind that is not finite."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from dnne_ros.arrays import first_not_finite, is_on_cpu
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
    that overflows.  Both are found at the item that they come from: by the size of the gradients,
    and by the weights, and what the optimizer remembers of them, wherever a step may overflow.
    Those are looked at every few steps in any case.
    """

    def __init__(self, optimizer: torch.optim.Optimizer):
        """Take the steps of ``optimizer``, whose weights are called what its groups say."""
        self._optimizer = optimizer
        weights = [each for group in optimizer.param_groups for each in group["params"]]
        names = [each for group in optimizer.param_groups for each in group.get("param_names", ())]
        if len(names) != len(weights):
            names = [f"weight {number}" for number in range(len(weights))]
        self._weights: dict[str, Tensor] = dict(zip(names, weights, strict=True))
        self._size = 0.0

    @property
    @torch.no_grad()
    def norm(self) -> float:
        """2-norm of all gradients as one vector; it may overflow."""
        gradients = self._gradients()
        return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients))).item() \
            if gradients else 0.0

    def backward(self, loss: Tensor, item: int) -> None:
        """Set the gradients of a loss, the ``item``-th: a single number.

        `InputError` if it has no gradient; `NotFiniteError` if it or its gradient is not finite.
        """
        check_finite(loss.detach(), "loss", item)
        if not loss.requires_grad:
            raise InputError("loss", [
                "it has no gradient; expected one that comes from a Network's output"])
        for weight in self._weights.values():  # as zero_grad() does, in a tenth of its time
            weight.grad = None
        loss.backward()  # type: ignore[no-untyped-call]
        self._size = _size(self._gradients())
        if not math.isfinite(self._size) and (spoilt := first_not_finite(
                (name, weight.grad) for name, weight in self._weights.items()
                if weight.grad is not None)):
            raise NotFiniteError(f"input 'loss', item {item}: the loss is {loss.item():g}, but "
                                 f"its gradient is not finite, at {spoilt}")

    def clip(self, most: float) -> None:
        """Scale the gradients down to a norm of ``most`` if theirs is larger."""
        norm = self.norm
        if norm > most:
            for gradient in self._gradients():
                gradient.mul_(most / norm)

    def step(self, item: int) -> None:
        """Move the weights.

        `NotFiniteError` if one of them, or what the optimizer remembers of it, is then not finite.
        """
        self._optimizer.step()
        if item % _LOOK_EVERY and not self._may_overflow():
            return
        if spoilt := first_not_finite(self._kept()):
            raise NotFiniteError(
                f"input 'loss', item {item}: after its step, {spoilt} is not finite; a learning "
                f"rate of {self._optimizer.param_groups[0]['lr']:g} may be too large, or the "
                f"gradient, whose norm is {self.norm:g}")

    def _gradients(self) -> list[Tensor]:
        return [weight.grad for weight in self._weights.values() if weight.grad is not None]

    def _kept(self) -> Iterator[tuple[str, Tensor]]:
        """Return the weights, and what the optimizer remembers of them, by name."""
        for name, weight in self._weights.items():
            yield name, weight.detach()
        for name, weight in self._weights.items():
            for key, value in self._optimizer.state[weight].items():
                if isinstance(value, Tensor):
                    yield f"{key} of {name}", value

    def _may_overflow(self) -> bool:
        """Tell whether one step may take weights out of range."""
        return not self._size <= _LARGE or any(
            group["lr"] > 1 or group.get("weight_decay", 0) > 1
            for group in self._optimizer.param_groups)


def _size(tensors: Sequence[Tensor]) -> float:
    """Return how large numbers are: not finite if one of them is not, or if they are huge.

    It is the norm of the sums of the tensors, which a CPU adds up twice as fast as squares.  So
    huge numbers that cancel each other are not seen here.
    """
    sums = [tensor.sum() for tensor in tensors]
    if sums and not all(map(is_on_cpu, sums)):  # each number from a device waits for it
        sums = [torch.linalg.vector_norm(torch.stack(sums))]
    return math.hypot(*map(Tensor.item, sums))
