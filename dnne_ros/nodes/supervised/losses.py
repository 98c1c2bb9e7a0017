"""How wrong, and how right, a network's outputs are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float, GradientTensor, Int, Tensor
from dnne_ros.node_api.ports import Input, Output

if TYPE_CHECKING:
    import torch

_LABELS = Tensor("int64")


class CrossEntropyLoss(Node):
    """Compare predictions with labels: the mean of -log softmax(predictions)[label]."""

    category = "learning"

    predictions = Input(GradientTensor("float32"), "Scores before softmax: (sample, class).")
    labels = Input(_LABELS, "Right classes: (sample,).")
    loss = Output(GradientTensor("float32"), "Mean loss of the batch, in nats.")
    accuracy = Output(Float(), "Share of the batch whose highest score is the right one.")

    async def compute(self, predictions: torch.Tensor, labels: torch.Tensor
                      ) -> Mapping[str, Any]:
        """Return the loss of a batch, and its accuracy."""
        from torch.nn.functional import cross_entropy

        try:
            loss = cross_entropy(predictions, labels)
        except (IndexError, RuntimeError, ValueError):
            _check(predictions, labels)
            raise
        return {"loss": loss, "accuracy": _count_right(predictions, labels) / len(labels)}


class Accuracy(Node):
    """Count the predictions whose highest score is that of the right class."""

    category = "learning"

    predictions = Input(Tensor("float32"), "Scores: (sample, class).")
    labels = Input(_LABELS, "Right classes: (sample,).")
    accuracy = Output(Float(), "Share of the batch that is right.")
    correct = Output(Int(), "How many are right.")
    total = Output(Int(), "How many there are.")

    async def compute(self, predictions: torch.Tensor, labels: torch.Tensor
                      ) -> Mapping[str, Any]:
        """Return the counts of a batch."""
        _check(predictions, labels)
        correct = _count_right(predictions, labels)
        return {"accuracy": correct / len(labels), "correct": correct, "total": len(labels)}


def _count_right(predictions: torch.Tensor, labels: torch.Tensor) -> int:
    return int((predictions.detach().argmax(1) == labels).sum())


def _check(predictions: torch.Tensor, labels: torch.Tensor) -> None:
    """Raise `InputError` if the two do not go together."""
    if predictions.dim() != 2 or labels.shape != predictions.shape[:1]:
        raise InputError("labels", [
            "expected predictions (sample, class) and as many labels (sample), found shapes "
            f"{tuple(predictions.shape)} and {tuple(labels.shape)}"])
    classes = predictions.shape[1]
    wrong = labels[(labels < 0) | (labels >= classes)]
    if len(wrong):
        raise InputError("labels", [
            f"expected 0 to {classes - 1} for {classes} predictions, found {wrong[0].item()}"])
