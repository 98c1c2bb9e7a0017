"""Layers by their description, with sizes from what comes before."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

Shape = tuple[int, ...]
"""Of one sample: without the batch's axis."""

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "elu": nn.ELU,
    "leaky_relu": nn.LeakyReLU, "softmax": lambda: nn.Softmax(dim=1),
}
WEIGHT_INITS: dict[str, Callable[[Tensor], object]] = {
    "kaiming_normal": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "kaiming_uniform": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
    "xavier_normal": nn.init.xavier_normal_, "xavier_uniform": nn.init.xavier_uniform_,
    "normal": lambda weight: nn.init.normal_(weight, std=0.02),
    "uniform": lambda weight: nn.init.uniform_(weight, -0.1, 0.1),
}
"""``auto`` and ``none`` leave a layer as PyTorch makes it."""


class SeededDropout(nn.Module):
    """`torch.nn.Dropout` with a generator of its own, so that its numbers depend on nobody else.

    In training each element is zero with probability ``rate``, and the others are divided by
    ``1 - rate``.
    """

    def __init__(self, rate: float, generator: torch.Generator):
        """Draw from ``generator``, which layers may share."""
        super().__init__()
        self.rate = rate
        self.generator = generator

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with some elements zero; in evaluation, ``input`` itself."""
        if not self.training or self.rate == 0:
            return input
        if self.rate == 1:
            return input * 0
        keep = torch.empty_like(input).bernoulli_(1 - self.rate, generator=self.generator)
        return input * keep.div_(1 - self.rate)


def make_layer(layer: Mapping[str, Any], shape: Shape, dropout: torch.Generator
               ) -> list[tuple[str, nn.Module]]:
    """Return the modules of a layer whose input has ``shape``, each with a suffix for its name.

    ``layer["kind"]`` names the layer and the other entries are its settings.  ValueError if it
    cannot take such an input.
    """
    return _MAKERS[layer["kind"]](layer, shape, dropout)


def _linear(layer: Mapping[str, Any], shape: Shape, dropout: torch.Generator
            ) -> list[tuple[str, nn.Module]]:
    linear = nn.Linear(math.prod(shape), layer["output_size"], layer["bias"])
    if layer["weight_init"] in WEIGHT_INITS:
        with torch.no_grad():
            WEIGHT_INITS[layer["weight_init"]](linear.weight)
    flatten = [("flatten", nn.Flatten())] if len(shape) != 1 else []
    drop = [("dropout", SeededDropout(layer["dropout"], dropout))] if layer["dropout"] else []
    return [*flatten, ("", linear), *_activation_of(layer), *drop]


def _conv2d(layer: Mapping[str, Any], shape: Shape, dropout: torch.Generator
            ) -> list[tuple[str, nn.Module]]:
    if len(shape) != 3:
        raise ValueError(f"expected channels×height×width, found {text(shape)}")
    kernel, padding = layer["kernel_size"], layer["padding"]
    if min(shape[1:]) + 2 * padding < kernel:
        raise ValueError(f"expected a picture of at least {kernel}×{kernel} with its padding of "
                         f"{padding}, found {text(shape)}")
    convolution = nn.Conv2d(shape[0], layer["out_channels"], kernel, layer["stride"], padding)
    return [("", convolution), *_activation_of(layer)]


def _activation(layer: Mapping[str, Any], shape: Shape, dropout: torch.Generator
                ) -> list[tuple[str, nn.Module]]:
    if layer["activation"] == "leaky_relu":
        return [("", nn.LeakyReLU(layer["negative_slope"]))]
    return [("", ACTIVATIONS[layer["activation"]]())]


def _dropout(layer: Mapping[str, Any], shape: Shape, dropout: torch.Generator
             ) -> list[tuple[str, nn.Module]]:
    return [("", SeededDropout(layer["dropout_rate"], dropout))]


def _batch_norm(layer: Mapping[str, Any], shape: Shape, dropout: torch.Generator
                ) -> list[tuple[str, nn.Module]]:
    kind = {1: nn.BatchNorm1d, 3: nn.BatchNorm2d}.get(len(shape))
    if kind is None:
        raise ValueError(f"expected features or channels×height×width, found {text(shape)}")
    return [("", kind(shape[0], layer["eps"], layer["momentum"]))]


def _flatten(layer: Mapping[str, Any], shape: Shape, dropout: torch.Generator
             ) -> list[tuple[str, nn.Module]]:
    axes = len(shape) + 1
    start, end = (dim + axes if dim < 0 else dim for dim in (layer["start_dim"],
                                                             layer["end_dim"]))
    if not 1 <= start <= end < axes:
        raise ValueError(
            f"expected start_dim and end_dim from 1 (0 is the batch) to {axes - 1} for an input "
            f"of {text(shape)}, found {layer['start_dim']} and {layer['end_dim']}")
    return [("", nn.Flatten(start, end))]


def _activation_of(layer: Mapping[str, Any]) -> list[tuple[str, nn.Module]]:
    name = layer["activation"]
    return [] if name == "none" else [(name, ACTIVATIONS[name]())]


def text(shape: Shape) -> str:
    """Return a shape for people: ``1×28×28``."""
    return "×".join(map(str, shape)) or "a single number"


_MAKERS = {"linear": _linear, "conv2d": _conv2d, "activation": _activation, "dropout": _dropout,
           "batch_norm": _batch_norm, "flatten": _flatten}
