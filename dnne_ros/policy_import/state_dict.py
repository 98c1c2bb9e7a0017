"""Layers of a network, found in a state dictionary by the names that torch gives them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dnne_ros.policies.network import CELLS, Layer, RecurrentLayer

_RECURRENT = (("input_weight", "weight_ih"), ("state_weight", "weight_hh"),
              ("input_bias", "bias_ih"), ("state_bias", "bias_hh"))


def arrays_of(found: Any) -> dict[str, np.ndarray]:
    """Return the tensors of a state dictionary as arrays, those of floats as float32.

    ValueError if it is none, or has tensors that are not plain numbers.
    """
    if not isinstance(found, Mapping) or not all(
            isinstance(name, str) and isinstance(value, Tensor) for name, value in found.items()):
        raise ValueError("expected tensors by name")
    odd = [name for name, tensor in found.items() if tensor.layout != torch.strided
           or tensor.is_meta or tensor.is_quantized or tensor.is_complex()]
    if odd:
        raise ValueError("expected tensors of plain numbers, found others: "
                         f"{', '.join(odd)[:200]}")
    return {name: (tensor.float() if tensor.is_floating_point() else tensor).detach().numpy()
            for name, tensor in found.items()}


def sequential(weights: Mapping[str, np.ndarray], prefix: str) -> tuple[Layer, ...]:
    """Return the linear layers of a `torch.nn.Sequential` named ``prefix``, in their order.

    Raises KeyError for a bias that is missing.
    """
    numbers = sorted(int(match[1]) for name in weights
                     if (match := re.fullmatch(rf"{re.escape(prefix)}\.(\d+)\.weight", name)))
    return tuple(linear(weights, f"{prefix}.{number}") for number in numbers)


def linear(weights: Mapping[str, np.ndarray], name: str) -> Layer:
    """Return the `torch.nn.Linear` of a name; KeyError if it is not there."""
    return Layer(weights[f"{name}.weight"], weights[f"{name}.bias"])


def recurrent(weights: Mapping[str, np.ndarray], prefix: str
              ) -> tuple[str, tuple[RecurrentLayer, ...]]:
    """Return the cell and the layers of the `torch.nn.LSTM` or `torch.nn.GRU` named ``prefix``.

    ("", ()) if there is none; KeyError for an array that is missing, ValueError for one of no
    known cell.
    """
    layers: list[RecurrentLayer] = []
    while f"{prefix}.weight_ih_l{len(layers)}" in weights:
        layers.append(RecurrentLayer(**{
            ours: weights[f"{prefix}.{theirs}_l{len(layers)}"] for ours, theirs in _RECURRENT}))
    if not layers:
        return "", ()
    rows, hidden = layers[0].state_weight.shape
    cell = next((name for name, cell in CELLS.items() if cell.gates * hidden == rows), "")
    if not cell:
        raise ValueError(f"{prefix}: expected an LSTM or a GRU, found weights of "
                         f"{layers[0].state_weight.shape}")
    return cell, tuple(layers)
