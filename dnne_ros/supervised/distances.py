"""How far two tensors of the same shape are from each other, over all of their elements."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

_TINY = 1e-10
"""Added to every element of what is taken for a distribution."""


def max_abs_error(predictions: Tensor, estimates: Tensor) -> Tensor:
    """Return max|p - e|."""
    return (predictions - estimates).abs().max()


def euclidean(predictions: Tensor, estimates: Tensor) -> Tensor:
    """Return √Σ(p - e)²; its gradient is 0 where the two are equal."""
    distance: Tensor = torch.linalg.vector_norm(predictions - estimates)
    return distance


def manhattan(predictions: Tensor, estimates: Tensor) -> Tensor:
    """Return Σ|p - e|."""
    return (predictions - estimates).abs().sum()


def divergence(predictions: Tensor, estimates: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence Σ E ln(E / P) of what they say of probabilities.

    P and E are the absolute values of predictions and estimates, divided by their sum.
    """
    expected, found = _distribution(estimates), _distribution(predictions)
    return (expected * (expected / found).log()).sum()


def normalised_divergence(predictions: Tensor, estimates: Tensor) -> Tensor:
    """Return `divergence` divided by ln of the number of elements; 0 for a single one."""
    return divergence(predictions, estimates) / math.log(max(2, predictions.numel()))


def _distribution(values: Tensor) -> Tensor:
    positive = values.abs() + _TINY
    return positive / positive.sum()


DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "Max Abs Error": max_abs_error, "Euclidean Dist": euclidean, "Manhattan Dist": manhattan,
    "KL Div": divergence, "Norm KL Div": normalised_divergence}
"""By the names of workflow files."""
