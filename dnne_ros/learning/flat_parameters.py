"""A network's parameters as one vector, and their gradients as another.

An optimizer's step, the norm of the gradient and its clipping are then one operation each instead
of one for each layer, which on a CPU takes longer than the numbers do.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn


class FlatParameters:
    """The parameters of a module, which become views of ``vector``; so do their gradients.

    Gradients are added to ``vector.grad``: never set a parameter's ``grad`` to None.  The module
    stays on the device it is on.

    Attributes:
        vector: float32 (parameters,), a leaf with a gradient of its shape.

    """

    def __init__(self, module: nn.Module):
        """Take the parameters of ``module``, which must be of one type and on one device."""
        parameters = dict(module.named_parameters())
        with torch.no_grad():
            joined = torch.cat([parameter.reshape(-1) for parameter in parameters.values()])
        self.vector = nn.Parameter(joined)
        self.vector.grad = torch.zeros_like(joined)
        self._on_cpu = self.vector.grad.numpy() if joined.device.type == "cpu" \
            and joined.dtype == torch.float32 else None
        self._shapes = {name: parameter.shape for name, parameter in parameters.items()}
        values, gradients = self.split(joined), self.split(self.vector.grad)
        for name, parameter in parameters.items():
            parameter.data, parameter.grad = values[name], gradients[name]

    @property
    def shapes(self) -> dict[str, torch.Size]:
        """The shape of each parameter, by name, in the order of the vector."""
        return self._shapes

    def split(self, vector: Tensor) -> dict[str, Tensor]:
        """Return views of ``vector`` (parameters,), one for each parameter, by name."""
        parts = torch.split(vector, [shape.numel() for shape in self._shapes.values()])
        return {name: part.view(shape)
                for (name, shape), part in zip(self._shapes.items(), parts, strict=True)}

    def zero_gradients(self) -> None:
        """Forget what was added."""
        self._gradients.zero_()

    @torch.no_grad()
    def clip_gradients(self, most: float) -> Tensor:
        """Scale all gradients such that their 2-norm is ``most`` or less; return what it was, ().

        As ``torch.nn.utils.clip_grad_norm_`` does it, without waiting for the device.
        """
        if self._on_cpu is not None:
            found = math.sqrt(np.vdot(self._on_cpu, self._on_cpu))
            if not found + 1e-6 <= most:  # nor a number
                self._on_cpu *= most / (found + 1e-6)
            return torch.tensor(found)
        norm: Tensor = torch.linalg.vector_norm(self._gradients)
        self._gradients.mul_((most / (norm + 1e-6)).clamp_(max=1.0))
        return norm

    @property
    def _gradients(self) -> Tensor:
        assert self.vector.grad is not None
        return self.vector.grad
