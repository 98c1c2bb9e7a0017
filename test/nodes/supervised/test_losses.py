"""A choice of losses and distances, by numbers worked out by hand."""

import math

import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.nodes.supervised.geometric_loss import GeometricLoss
from dnne_ros.nodes.supervised.losses import CrossEntropyLoss, Loss

PREDICTIONS, NUMBERS = [[1.0], [-2.0], [0.5]], [1.5, 0.0, 0.5]


def weights(values):
    return torch.tensor(values, requires_grad=True)


@pytest.mark.parametrize("loss_type, expected", [
    ("mse", (0.25 + 4 + 0) / 3), ("l1", (0.5 + 2 + 0) / 3), ("huber", (0.125 + 1.5 + 0) / 3)])
@pytest.mark.parametrize("shape", [(3, 1), (3,)])
def test_losses_of_numbers(compute, loss_type, expected, shape):
    node = Loss({"loss_type": loss_type})
    node.setup = lambda: None  # all outputs are linked here, accuracy too
    outputs = compute(node, predictions=weights(PREDICTIONS),
                      labels=torch.tensor(NUMBERS).reshape(shape))
    assert outputs.keys() == {"loss"} and outputs["loss"].requires_grad
    assert outputs["loss"].item() == pytest.approx(expected)


def test_cross_entropy_is_that_of_its_own_node(compute):
    predictions, labels = weights([[0.0, 0.0], [math.log(3.0), 0.0]]), torch.tensor([1, 0])
    own, chosen = (compute(node, predictions=predictions, labels=labels)
                   for node in (CrossEntropyLoss(), Loss()))
    assert own["loss"].item() == chosen["loss"].item() == pytest.approx(
        (math.log(2) - math.log(0.75)) / 2)
    assert own["accuracy"] == chosen["accuracy"] == 0.5


def test_logits_of_yes_or_no(compute):
    outputs = compute(Loss({"loss_type": "bce_with_logits"}),
                      predictions=weights([[0.0], [math.log(3.0)], [-math.log(3.0)]]),
                      labels=torch.tensor([1, 0, 0]))
    # σ(0) = 1/2, σ(ln 3) = 3/4, σ(-ln 3) = 1/4.
    assert outputs["loss"].item() == pytest.approx(
        -(math.log(1 / 2) + math.log(1 / 4) + math.log(3 / 4)) / 3)
    assert outputs["accuracy"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("values, labels, expected", [
    ({"loss_type": "bce_with_logits"}, [1.0, 2.0, 0.0], "expected 0 to 1, found 2.0"),
    ({"loss_type": "bce_with_logits"}, [1.0, math.nan, 0.0], "expected 0 to 1, found nan"),
    ({"loss_type": "bce_with_logits"}, [1.0, 0.0], "found shapes (3, 1) and (2,)"),
    ({}, [0, 0, 7], "expected 0 to 0 for 1 predictions, found 7")])
def test_labels_that_do_not_fit_are_named(compute, values, labels, expected):
    with pytest.raises(InputError) as caught:
        compute(Loss(values), predictions=weights(PREDICTIONS), labels=torch.tensor(labels))
    assert expected in str(caught.value)


def test_an_accuracy_that_there_is_not_is_refused(drive):
    async def script(context):
        await context.idle()

    with pytest.raises(InputError, match="accuracy: it is linked, but mse says nothing"):
        drive(Loss({"loss_type": "mse"}), script)
    drive(Loss({"loss_type": "mse"}), script, outputs=["loss"])


P, E = [[3.0, -1.0]], [[1.0, 1.0]]
# P is 3/4, 1/4; E is 1/2, 1/2.
DIVERGENCE = math.log(2 / 3) / 2 + math.log(2) / 2


@pytest.mark.parametrize("metric, expected", [
    ("Max Abs Error", 2.0), ("Euclidean Dist", math.sqrt(8)), ("Manhattan Dist", 4.0),
    ("KL Div", DIVERGENCE), ("Norm KL Div", DIVERGENCE / math.log(2))])
def test_distances(compute, metric, expected):
    predictions = weights(P)
    output = compute(GeometricLoss({"error_metric": metric}), predictions=predictions,
                     estimates=torch.tensor(E))["output"]
    assert output.item() == pytest.approx(expected) and output.shape == ()
    output.backward()
    assert predictions.grad.isfinite().all()


@pytest.mark.parametrize("metric", GeometricLoss.widgets["error_metric"].choices)
@pytest.mark.parametrize("values", [[[0.0, 0.0]], [[2.0]], [[0.0, 1.0], [2.0, 3.0]]])
def test_equal_tensors_are_at_distance_0_with_a_finite_gradient(compute, metric, values):
    predictions = weights(values)
    output = compute(GeometricLoss({"error_metric": metric}), predictions=predictions,
                     estimates=torch.tensor(values))["output"]
    assert output.item() == pytest.approx(0, abs=1e-6)
    output.backward()
    assert predictions.grad.isfinite().all()


def test_whole_numbers_have_a_distance_too(compute):
    output = compute(GeometricLoss(), predictions=torch.tensor([3, 4]),
                     estimates=torch.tensor([0, 0]))["output"]
    assert output.item() == 5.0 and output.dtype == torch.float32


@pytest.mark.parametrize("shapes", [((2,), (3,)), ((2, 1), (2,)), ((0,), (0,))])
def test_shapes_that_differ_are_named(compute, shapes):
    with pytest.raises(InputError) as caught:
        compute(GeometricLoss(), predictions=torch.zeros(shapes[0]),
                estimates=torch.zeros(shapes[1]))
    assert f"found {shapes[1]} for {shapes[0]}" in str(caught.value)
