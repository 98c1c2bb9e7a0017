"""How far two tensors are from each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import GradientTensor, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    import torch


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

    def compute(self, predictions: torch.Tensor, estimates: torch.Tensor) -> Mapping[str, Any]:
        """Return the distance of two tensors; `InputError` if their shapes differ."""
        from dnne_ros.supervised.distances import DISTANCES

        if predictions.shape != estimates.shape or not predictions.numel():
            raise InputError("estimates", [
                "expected the shape of the predictions, with at least one element, found "
                f"{tuple(estimates.shape)} for {tuple(predictions.shape)}"])
        distance = DISTANCES[self.error_metric]
        return {"output": distance(predictions.float(), estimates.float())}
