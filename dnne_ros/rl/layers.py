"""Linear layers in a row, with weights that start orthogonal."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

ACTIVATION_LAYERS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU, "tanh": nn.Tanh, "elu": nn.ELU}


class MLP(nn.Sequential):
    """Layers in a row, without hooks: calling each as a module takes as long as a small one."""

    def forward(self, features: Tensor) -> Tensor:
        """Return what the last layer gives."""
        for layer in self._modules.values():
            features = layer.forward(features)
        return features

    def infer(self, features: Tensor) -> Tensor:
        """Return what `forward` does, of linear layers, where no gradient is wanted.

        A module for each operation and a new tensor for each result take a third of the time of
        a small network.
        """
        if self._steps is None:
            layers = list(self)
            self._steps = [
                (layer.weight, layer.bias, _IN_PLACE.get(type(following)))
                for layer, following in zip(layers, [*layers[1:], None], strict=True)
                if isinstance(layer, nn.Linear)]
        for weight, bias, activate in self._steps:
            features = nn.functional.linear(features, weight, bias)
            if activate is not None:
                activate(features)
        return features

    _steps: list[tuple[Tensor, Tensor, Callable[[Tensor], Tensor] | None]] | None = None
    """Of each linear layer: weights and biases, which training changes, and what follows."""


_IN_PLACE: dict[type[nn.Module] | type[None], Callable[[Tensor], Tensor]] = {
    nn.ReLU: torch.relu_, nn.Tanh: torch.tanh_, nn.ELU: nn.functional.elu_}


def hidden_layers(size: int, hidden_sizes: tuple[int, ...], activation: str,
                  generator: torch.Generator | None) -> list[nn.Module]:
    """Return layers of ``hidden_sizes`` on ``size`` numbers, each with its activation."""
    layers: list[nn.Module] = []
    for hidden in hidden_sizes:
        layers += [linear(size, hidden, math.sqrt(2.0), generator),
                   ACTIVATION_LAYERS[activation]()]
        size = hidden
    return layers


def linear(inputs: int, outputs: int, gain: float,
           generator: torch.Generator | None) -> nn.Linear:
    """Return a layer with orthogonal weights, scaled by ``gain``, and biases at 0."""
    # As torch's skip_init, which draws no numbers, but without the symbolic shapes (sympy) that
    # it loads to make the tensors.
    layer = nn.Linear(inputs, outputs, device="meta")
    layer.weight = nn.Parameter(torch.empty(outputs, inputs))
    layer.bias = nn.Parameter(torch.empty(outputs))
    nn.init.orthogonal_(layer.weight, gain, generator)
    nn.init.zeros_(layer.bias)
    return layer
