"""How far two tensors are from each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import GradientTensor, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    import torch

_TINY = 1e-10
"""Added to every element of what is taken for a distribution."""


class GeometricLoss(Node):
    """Measure how far predictions are from estimates, over all elements, whatever their shape.

    Max Abs Error is max|p - e|, Euclidean Dist √Σ(p - e)², Manhattan Dist Σ|p - e|.  KL Div takes
    the absolute values of both, each divided by their sum, for distributions P and E, and is
    Σ E ln(E / P), in nats; Norm KL Div is that divided by ln of the number of elements.
    """

    category = "learning"

    predictions = Input(GradientTensor("float32"), "One tensor.", accepts_also=(Tensor(),))
    estimates = Input(Tensor(), "What it should be: of the same shape.")
    output = Output(GradientTensor("float32"), "The distance, a single number; with the gradient "
                    "of the predictions, if they have one.")
    error_metric = Widget("Euclidean Dist", "Which distance.", choices=(
        "Max Abs Error", "Euclidean Dist", "Manhattan Dist", "KL Div", "Norm KL Div"))

    async def compute(self, predictions: torch.Tensor, estimates: torch.Tensor
                      ) -> Mapping[str, Any]:
        """Return the distance of two tensors; `InputError` if their shapes differ."""
        if predictions.shape != estimates.shape or not predictions.numel():
            raise InputError("estimates", [
                "expected the shape of the predictions, with at least one element, found "
                f"{tuple(estimates.shape)} for {tuple(predictions.shape)}"])
        distance = _METRICS[self.error_metric]
        return {"output": distance(predictions.float(), estimates.float())}


def _euclidean(predictions: torch.Tensor, estimates: torch.Tensor) -> torch.Tensor:
    import torch

    distance: torch.Tensor = torch.linalg.vector_norm(predictions - estimates)
    return distance


def _divergence(predictions: torch.Tensor, estimates: torch.Tensor) -> torch.Tensor:
    expected, found = _distribution(estimates), _distribution(predictions)
    return (expected * (expected / found).log()).sum()


def _normalised_divergence(predictions: torch.Tensor, estimates: torch.Tensor) -> torch.Tensor:
    # Of a single element there is but one distribution: the divergence is 0.
    return _divergence(predictions, estimates) / math.log(max(2, predictions.numel()))


def _distribution(values: torch.Tensor) -> torch.Tensor:
    positive = values.abs() + _TINY
    return positive / positive.sum()


_METRICS: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "Max Abs Error": lambda predictions, estimates: (predictions - estimates).abs().max(),
    "Euclidean Dist": _euclidean,
    "Manhattan Dist": lambda predictions, estimates: (predictions - estimates).abs().sum(),
    "KL Div": _divergence,
    "Norm KL Div": _normalised_divergence,
}
