"""How wrong, and how right, a network's outputs are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float, GradientTensor, Int, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

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

    def compute(self, predictions: torch.Tensor, labels: torch.Tensor) -> Mapping[str, Any]:
        """Return the loss of a batch, and its accuracy."""
        return cross_entropy_and_accuracy(predictions, labels)


class Loss(Node):
    """Compare predictions with labels by a loss of one's choice: its mean over the batch.

    cross_entropy takes classes, as CrossEntropyLoss does.  The others take a label for each
    prediction: mse is (p - y)², l1 |p - y|, huber (p - y)² / 2 up to a difference of 1 and
    |p - y| - 1/2 beyond, bce_with_logits -y ln σ(p) - (1 - y) ln (1 - σ(p)) with labels 0 to 1.
    """

    category = "learning"

    predictions = Input(GradientTensor("float32"), "What the network says: (sample, …).")
    labels = Input(Tensor(), "What is right: classes (sample,), or numbers in the predictions' "
                   "shape; (sample,) will do for (sample, 1).")
    loss = Output(GradientTensor("float32"), "Mean loss of the batch.")
    accuracy = Output(Float(), "Share of the batch that is right: with cross_entropy, whose "
                      "highest score is; with bce_with_logits, of all predictions, whose side of "
                      "0 is.  Other losses have none.")
    loss_type = Widget("cross_entropy", "Which loss.", choices=(
        "cross_entropy", "mse", "l1", "huber", "bce_with_logits"))

    def setup(self) -> None:
        """Find the loss; `InputError` if an accuracy is wanted that it has not."""
        if self.loss_type in _DISTANCES and self.context.is_linked("accuracy"):
            raise InputError("accuracy", [
                f"it is linked, but {self.loss_type} says nothing of what is right; expected "
                "loss_type cross_entropy or bce_with_logits"])

    def compute(self, predictions: torch.Tensor, labels: torch.Tensor) -> Mapping[str, Any]:
        """Return the loss of a batch, and its accuracy where there is one."""
        if self.loss_type == "cross_entropy":
            return cross_entropy_and_accuracy(predictions, labels)
        labels = _labels_like(predictions, labels)
        if self.loss_type != "bce_with_logits":
            return {"loss": _distance(self.loss_type)(predictions, labels)}
        return _logits_and_accuracy(predictions, labels)


class Accuracy(Node):
    """Count the predictions whose highest score is that of the right class."""

    category = "learning"

    predictions = Input(Tensor("float32"), "Scores: (sample, class).")
    labels = Input(_LABELS, "Right classes: (sample,).")
    accuracy = Output(Float(), "Share of the batch that is right.")
    correct = Output(Int(), "How many are right.")
    total = Output(Int(), "How many there are.")

    def compute(self, predictions: torch.Tensor, labels: torch.Tensor) -> Mapping[str, Any]:
        """Return the counts of a batch."""
        _check(predictions, labels)
        correct = _count_right(predictions, labels)
        return {"accuracy": correct / len(labels), "correct": correct, "total": len(labels)}


def cross_entropy_and_accuracy(predictions: torch.Tensor, labels: torch.Tensor
                               ) -> Mapping[str, Any]:
    """Return ``loss`` and ``accuracy`` of scores (sample, class) and int64 classes (sample,)."""
    from torch.nn.functional import cross_entropy

    try:
        loss = cross_entropy(predictions, labels)
    except (IndexError, RuntimeError, ValueError):
        _check(predictions, labels)
        raise
    return {"loss": loss, "accuracy": _count_right(predictions, labels) / len(labels)}


_DISTANCES = {"mse": "mse_loss", "l1": "l1_loss", "huber": "huber_loss"}
"""Losses of numbers, by their names in `torch.nn.functional`."""


def _distance(loss_type: str) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    from torch.nn import functional

    distance: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = getattr(
        functional, _DISTANCES[loss_type])
    return distance


def _logits_and_accuracy(predictions: torch.Tensor, labels: torch.Tensor) -> Mapping[str, Any]:
    from torch.nn.functional import binary_cross_entropy_with_logits

    wrong = labels[~((labels >= 0) & (labels <= 1))]
    if len(wrong):
        raise InputError("labels", [f"expected 0 to 1, found {wrong[0].item()}"])
    right = ((predictions.detach() > 0) == (labels > 0.5)).float().mean()
    return {"loss": binary_cross_entropy_with_logits(predictions, labels),
            "accuracy": right.item()}


def _labels_like(predictions: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return labels in the shape and type of the predictions; `InputError` if they do not fit."""
    if (*labels.shape, 1) == tuple(predictions.shape):
        labels = labels.unsqueeze(-1)
    if labels.shape != predictions.shape or not labels.numel():
        raise InputError("labels", [
            "expected a label for each prediction, at least one, found shapes "
            f"{tuple(predictions.shape)} and {tuple(labels.shape)}"])
    return labels.to(predictions.dtype)


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
