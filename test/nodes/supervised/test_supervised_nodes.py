"""Nodes of supervised learning, each alone: what they send for what they are given."""

import math

import pytest
import torch
from torch import nn

from dnne_ros.errors import InputError
from dnne_ros.learning.finite import NotFiniteError
from dnne_ros.node_api.health import Level
from dnne_ros.node_api.port_types import Float, GradientTensor, Tensor
from dnne_ros.nodes.display.tensor_visualizer import TensorVisualizer, picture_of
from dnne_ros.nodes.supervised.batches import BatchSampler, GetBatch
from dnne_ros.nodes.supervised.epoch_tracker import EpochTracker
from dnne_ros.nodes.supervised.layers import Conv2DLayer, LinearLayer
from dnne_ros.nodes.supervised.losses import Accuracy, CrossEntropyLoss
from dnne_ros.nodes.supervised.network import Network
from dnne_ros.nodes.supervised.optimizer import Optimizer
from dnne_ros.nodes.supervised.optimizers import AdamOptimizer, SGDOptimizer, TrainingStep

SCHEMA = {"shape": [1, 2, 2], "classes": 3}
STATS = {"epoch": 1, "batches": 2}


def linear(size, **more):
    return {"kind": "linear", "node": f"linear_{size}", "title": "Linear", "output_size": size,
            "bias": True, "activation": "none", "dropout": 0.0, "weight_init": "auto", **more}


def test_layers_add_themselves_to_the_chain(drive):
    async def script(context):
        context.feed("input", (linear(5),))
        await context.sends(1)

    context = drive(LinearLayer({"output_size": 7}), script, ["input"])
    (before, after), = context.outputs("output")
    assert before == linear(5)
    assert after["output_size"] == 7 and after["kind"] == "linear"
    assert after["node"] == "linearlayer_1" and after["title"] == "One"


def test_the_network_runs_the_chain_and_hands_out_its_module(drive):
    images = torch.randn(5, 1, 2, 2)

    async def script(context):
        context.feed("to_output", (linear(8, activation="relu"), linear(3)))
        context.feed("schema", SCHEMA)
        context.feed("input", images)
        await context.sends(3)

    context = drive(Network(), script, ["input", "to_output", "schema"])
    module, = context.outputs("model")
    output, = context.outputs("output")
    assert context.outputs("layers") == [()]
    assert torch.equal(output, module(images)) and output.requires_grad
    assert "2 layers, 67 weights, 1×2×2 → 3" in str(context.log.lines)
    assert len(context.triggers) == 1


def test_without_a_schema_the_first_batch_tells_the_size(drive):
    async def script(context):
        context.feed("to_output", (linear(3),))
        context.feed("input", torch.randn(5, 4))
        await context.sends(3)

    context = drive(Network({"checkpoint_enabled": False}), script, ["input", "to_output"],
                    inference=True)
    output, = context.outputs("output")
    assert output.shape == (5, 3) and not output.requires_grad
    assert not context.outputs("model")[0].training and not context.triggers


@pytest.mark.parametrize("layers, expected", [
    ((linear(8), {**linear(8), "kind": "conv2d", "title": "Edges"}), "Edges (linear_8): expected"),
    ((linear(2),), "each of the 3 classes at the end of the chain, found 2"),
    ((), "an output for each of the 3 classes")])
def test_an_impossible_network_is_refused_before_it_trains(drive, layers, expected):
    async def script(context):
        context.feed("to_output", layers)
        context.feed("schema", SCHEMA)
        await context.sends(99)

    with pytest.raises(InputError, match="layers") as caught:
        drive(Network(), script, ["input", "to_output", "schema"])
    assert expected in str(caught.value)


def test_cross_entropy_by_hand(compute):
    predictions = torch.tensor([[0.0, 0.0], [math.log(3.0), 0.0]], requires_grad=True)
    outputs = compute(CrossEntropyLoss(), predictions=predictions, labels=torch.tensor([1, 0]))
    assert outputs["loss"].item() == pytest.approx((math.log(2) - math.log(0.75)) / 2)
    assert outputs["accuracy"] == 0.5 and outputs["loss"].requires_grad


@pytest.mark.parametrize("node", [CrossEntropyLoss(), Accuracy()])
@pytest.mark.parametrize("labels, expected", [
    ([0, 2], "expected 0 to 1 for 2 predictions, found 2"), ([-1, 0], "found -1"),
    ([0], "found shapes (2, 2) and (1,)")])
def test_labels_that_do_not_fit_are_named(compute, node, labels, expected):
    with pytest.raises(InputError) as caught:
        compute(node, predictions=torch.zeros(2, 2), labels=torch.tensor(labels))
    assert expected in str(caught.value)


def test_accuracy_counts(compute):
    outputs = compute(Accuracy(), predictions=torch.eye(4), labels=torch.tensor([0, 1, 2, 0]))
    assert outputs == {"accuracy": 0.75, "correct": 3, "total": 4}


@pytest.mark.parametrize("node, expected", [
    (SGDOptimizer({"learning_rate": 0.1, "momentum": 0.5}), 1 - 0.1 * 2 - 0.1 * (1.6 + 0.5 * 2)),
    (AdamOptimizer({"learning_rate": 0.1}), 0.8)])
def test_an_optimizer_takes_the_steps_that_its_formula_says(drive, node, expected):
    module = nn.ParameterList([nn.Parameter(torch.tensor(1.0))])

    async def get_optimizer(context):
        context.feed("model", module)
        await context.sends(1)

    optimizer, = drive(node, get_optimizer, ["model"]).outputs("optimizer")

    async def script(context):
        context.feed("optimizer", optimizer)
        await context.sends(1)
        for number in range(2):
            context.feed("loss", module[0] ** 2)
            await context.sends(1 + 2 * (number + 1))

    step = drive(TrainingStep(), script, ["loss", "optimizer"])
    assert module[0].item() == pytest.approx(expected, abs=2e-3)
    assert len(step.outputs("ready")) == 3
    assert step.outputs("grad_norm")[0] == pytest.approx(2)


@pytest.mark.parametrize("node, expected", [
    (SGDOptimizer({"learning_rate": 0.1, "momentum": 0.5}), 1 - 0.1 * 2 - 0.1 * (1.6 + 0.5 * 2)),
    (AdamOptimizer({"learning_rate": 0.1}), 0.8)])
def test_an_optimizer_that_is_given_losses_takes_its_steps_itself(drive, node, expected):
    module = nn.ParameterList([nn.Parameter(torch.tensor(1.0))])

    async def script(context):
        context.feed("model", module)
        await context.sends(2)
        for number in range(2):
            context.feed("loss", module[0] ** 2)
            await context.sends(3 + number)

    context = drive(node, script, ["model", "loss"])
    assert module[0].item() == pytest.approx(expected, abs=2e-3)
    assert len(context.outputs("step_complete")) == 3


def test_settings_of_an_optimizer_change_while_it_runs(drive):
    node = SGDOptimizer()

    async def script(context):
        context.feed("model", nn.Linear(2, 2))
        await context.sends(1)
        node.values["learning_rate"] = 0.5
        node.widget_changed("learning_rate")

    optimizer, = drive(node, script, ["model"]).outputs("optimizer")
    assert optimizer.param_groups[0]["lr"] == 0.5


def test_a_loss_without_a_gradient_is_refused(drive):
    async def script(context):
        context.feed("optimizer", torch.optim.SGD(nn.Linear(1, 1).parameters()))
        context.feed("loss", torch.tensor(1.0))
        await context.sends(99)

    with pytest.raises(InputError, match="it has no gradient"):
        drive(TrainingStep(), script, ["loss", "optimizer"])


def spoilt_gradient(weight, item):
    """Return a finite loss whose gradient is NaN from item 2 on: the root of nothing."""
    loss = weight.square().sum()
    return loss if item == 1 else loss + (loss - loss).sqrt()


def overflow(weight, item):
    """Return a loss whose gradient is finite, and from item 2 on as large as numbers go."""
    return ((weight - weight.detach()) * (1.0 if item == 1 else 3e38)).sum()


NOT_FINITE = "input 'loss', item 2: "


@pytest.mark.parametrize("make_loss, values, said", [
    (spoilt_gradient, {"optimizer_type": "adam"}, "its gradient is not finite, at linear.weight"),
    (overflow, {"optimizer_type": "adam"}, "after its step, exp_avg_sq of linear.weight is not"),
    (overflow, {"optimizer_type": "sgd", "learning_rate": 10.0},
     "after its step, linear.weight is not finite; a learning rate of 10 may be too large"),
], ids=["gradient", "moment", "weight"])
@pytest.mark.parametrize("by_itself", [True, False])
def test_what_is_not_finite_ends_training_at_its_item(drive, make_loss, values, said, by_itself):
    """Be it the gradient of a finite loss, or a step: by whichever node it is taken."""
    module = nn.Sequential()
    module.add_module("linear", nn.Linear(2, 1, bias=False))
    weight = module[0].weight
    seen = []

    async def feed_losses(context):
        for item in (1, 2):
            seen.append(weight.tolist())
            context.feed("loss", make_loss(weight, item))
            await context.idle()

    async def script(context):
        context.feed("model", module)
        await context.sends(1)
        if by_itself:
            await feed_losses(context)

    async def with_a_step(context):
        context.feed("optimizer", optimizer)
        await feed_losses(context)

    node, ports = Optimizer(values), ["model", "loss"]
    if not by_itself:
        optimizer, = drive(node, script, ports[:1]).outputs("optimizer")
        node, ports, script = TrainingStep(), ["loss", "optimizer"], with_a_step
    with pytest.raises(NotFiniteError) as caught:
        drive(node, script, ports)
    assert str(caught.value).startswith(NOT_FINITE) and said in str(caught.value)
    if make_loss is spoilt_gradient:  # nothing was learned from it
        assert weight.tolist() == seen[1] != seen[0]


def test_large_gradients_are_none_that_are_not_finite(drive):
    """Their norm overflows single precision."""
    weights = nn.Parameter(torch.zeros(2))

    async def script(context):
        context.feed("optimizer", torch.optim.SGD([weights], lr=1e-30))
        context.feed("loss", (weights * 1e30).sum())
        await context.sends(2)

    drive(TrainingStep(), script, ["loss", "optimizer"], outputs=["ready"])
    assert weights.tolist() == pytest.approx([-1.0, -1.0])


@pytest.mark.parametrize("number, said", [
    (1e30, "batch_norm_6.running_var is not finite after it, whose largest number is 1e+30"),
    (math.inf, "found sample 1 [0] is inf")])
def test_a_moment_that_is_not_finite_is_named_at_its_item(drive, number, said):
    norm = {"kind": "batch_norm", "node": "batch_norm_6", "title": "Norm", "eps": 1e-5,
            "momentum": 0.1}

    async def script(context):
        context.feed("to_output", (norm, linear(3)))
        for value in (1.0, number):
            batch = torch.randn(5, 4)
            batch[1, 0] = value
            context.feed("input", batch)
        await context.sends(9)

    with pytest.raises(NotFiniteError) as caught:
        drive(Network(), script, ["input", "to_output"])
    assert str(caught.value).startswith("input 'input', item 2: ") and said in str(caught.value)


def test_batches_come_one_a_trigger_with_statistics_once_used(drive):
    loader = [(torch.zeros(2, 1), torch.zeros(2)), (torch.ones(1, 1), torch.ones(1))]

    async def script(context):
        context.feed("dataloader", loader)
        context.feed("schema", SCHEMA)
        context.feed("trigger", None)
        await context.sends(3)
        assert [port for port, _ in context.sent] == ["schema", "images", "labels"]
        context.feed("trigger", None, None)
        await context.sends(9)
        assert [port for port, _ in context.sent[3:]] == [
            "epoch_complete", "epoch_stats", "images", "labels", "epoch_complete", "epoch_stats"]
        context.feed("summary", {"finished": False})
        await context.sends(11)

    context = drive(GetBatch(), script, ["dataloader", "schema", "trigger", "summary"])
    assert context.outputs("epoch_stats") == [
        {**STATS, "batch": 1, "samples": 2, "complete": False},
        {**STATS, "batch": 2, "samples": 1, "complete": True}]
    assert context.outputs("epoch_complete") == [False, True]


def orders(drive, values=None, **options):
    async def script(context):
        numbers = torch.arange(8)
        context.feed("dataset", torch.utils.data.TensorDataset(numbers, numbers))
        context.feed("schema", {})
        await context.sends(2)

    context = drive(BatchSampler({"batch_size": 3, **(values or {})}), script,
                    ["dataset", "schema"], **options)
    loader, = context.outputs("dataloader")
    assert context.outputs("schema") == [{"batch_size": 3, "batches": 3}]
    return torch.cat([labels for _, labels in loader]).tolist()


def test_the_order_follows_from_the_seed(drive):
    assert orders(drive) == orders(drive) != orders(drive, seed=1)
    assert orders(drive, {"seed": 4}, seed=1) == orders(drive, {"seed": 4}, seed=2)
    assert orders(drive, {"shuffle": False}) == orders(drive, inference=True) == list(range(8))


@pytest.mark.parametrize("clip, norm, moved", [(0.0, 10.0, [6.0, 8.0]), (5.0, 10.0, [3.0, 4.0]),
                                               (20.0, 10.0, [6.0, 8.0])])
def test_gradients_are_clipped_to_a_norm(drive, clip, norm, moved):
    """The gradient (6, 8) has the norm 10; clipped to 5 it is (3, 4)."""
    weights = torch.nn.Parameter(torch.zeros(2))

    async def script(context):
        context.feed("optimizer", torch.optim.SGD([weights], lr=1.0))
        context.feed("loss", (weights * torch.tensor([6.0, 8.0])).sum())
        await context.sends(3)

    context = drive(TrainingStep({"gradient_clip": clip}), script, ["loss", "optimizer"])
    assert context.outputs("grad_norm") == [pytest.approx(norm)]
    assert weights.tolist() == pytest.approx([-value for value in moved], rel=1e-5)


def test_a_step_waits_for_its_trigger(drive):
    weights = torch.nn.Parameter(torch.zeros(1))

    async def script(context):
        context.feed("optimizer", torch.optim.SGD([weights], lr=1.0))
        context.feed("loss", weights.sum())
        await context.idle()
        assert weights.item() == 0 and len(context.outputs("ready")) == 1
        context.feed("trigger", None)
        await context.sends(2)
        assert weights.item() == -1

    context = drive(TrainingStep(), script, ["loss", "optimizer", "trigger"], outputs=["ready"])
    assert context.outputs("ready") == [None, None]


@pytest.mark.parametrize("inference, max_epochs, ends", [
    (False, 1, "max_epochs"), (False, 2, None), (True, 9, "evaluated")])
def test_an_epoch_is_summed_up_by_samples(drive, inference, max_epochs, ends):
    async def script(context):
        for batch, samples, loss, accuracy in ((1, 6, 1.0, 0.5), (2, 2, 3.0, 1.0)):
            context.feed("epoch_stats", {**STATS, "batch": batch, "samples": samples,
                                         "complete": batch == 2})
            context.feed("loss", torch.tensor(loss, requires_grad=True))
            context.feed("accuracy", accuracy)
        await context.sends(1)

    context = drive(EpochTracker({"max_epochs": max_epochs}), script,
                    ["epoch_stats", "loss", "accuracy"], inference=inference)
    summary, = context.outputs("training_summary")
    assert summary["loss"] == 1.5 and summary["accuracy"] == 5 / 8 and summary["samples"] == 8
    assert summary["finished"] is (ends is not None)
    assert summary["best"] == {"epoch": 1, "loss": 1.5}
    assert context.boundaries == [(1, 5 / 8, ends)]
    assert context.reported[-1]["completed_epoch"]["loss"] == 1.5


def test_a_loss_that_is_no_number_shows_on_the_nodes_health(drive):
    async def script(context):
        context.feed("epoch_stats", {**STATS, "batch": 2, "samples": 1, "complete": True})
        context.feed("loss", float("nan"))
        await context.sends(1)

    context = drive(EpochTracker(), script, ["epoch_stats", "loss"])
    assert context.health.level is Level.ERROR and "epoch 1 is nan" in context.health.message


def test_pictures_of_tensors():
    digits = torch.zeros(5, 1, 2, 3)
    digits[4] = 1
    picture = picture_of(digits)
    assert picture.shape == (2 * 2, 3 * 3) and picture.dtype == torch.uint8
    assert picture[2:, 3:6].unique().tolist() == [255] and picture.sum() == 255 * 6
    assert picture_of(torch.rand(2, 3, 4, 5)).shape == (4, 10, 3)
    assert picture_of(torch.tensor([[0.0, 1.0, float("nan")]])).tolist() == [[0, 255, 0]]
    assert picture_of(torch.tensor(7.0)).shape == (1, 1)
    assert picture_of(torch.full((2, 2), 3)).tolist() == [[0, 0], [0, 0]]
    assert picture_of(torch.rand(500, 2, 2)).shape == (16, 16)


def test_a_visualizer_publishes_a_picture_and_logs_once(drive):
    async def script(context):
        for number in (1, 2):
            context.feed("tensor", torch.rand(2, 2))
            await context.sends(number)

    context = drive(TensorVisualizer({"title": "digits", "rate": 1000.0}), script, ["tensor"])
    assert [picture.shape for picture in context.outputs("visualization")] == [(2, 2)] * 2
    assert len(context.log.lines) == 1 and context.log.lines[0][1].startswith("digits: [[")


def test_what_has_a_gradient_stays_in_its_process():
    assert not GradientTensor().leaves_process and Tensor().accepts(GradientTensor("float32"))
    assert not GradientTensor().accepts(Tensor()) and not GradientTensor().accepts(Float())
    assert GradientTensor().pack(torch.ones(2, requires_grad=True)).data.tolist() == [1, 1]


def test_positional_widgets_of_workflow_files():
    def names(node_type):
        return " ".join(node_type.widgets)

    assert names(LinearLayer) == "output_size bias activation dropout weight_init"
    assert names(Conv2DLayer) == "out_channels kernel_size stride padding activation"
    assert names(SGDOptimizer) == "learning_rate momentum weight_decay"
    assert names(BatchSampler) == "batch_size shuffle seed" and names(EpochTracker) == "max_epochs"
    assert names(Network) == (
        "checkpoint_enabled checkpoint_trigger_type checkpoint_trigger_value "
        "checkpoint_load_on_start")
