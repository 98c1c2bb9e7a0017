import pytest
import torch
from torch import nn

from dnne_ros.supervised.chain import build_chain, saved_shapes
from dnne_ros.supervised.layers import SeededDropout
from dnne_ros.supervised.loading import batch_loader
from dnne_ros.supervised.optimizer_state import optimizer_tensors, restore_optimizer

LINEAR = {"kind": "linear", "output_size": 128, "bias": True, "activation": "none", "dropout": 0.0,
          "weight_init": "auto"}
CONV = {"kind": "conv2d", "out_channels": 8, "kernel_size": 3, "stride": 1, "padding": 1,
        "activation": "relu"}
NORM = {"kind": "batch_norm", "momentum": 0.1, "eps": 1e-5}
FLATTEN = {"kind": "flatten", "start_dim": 1, "end_dim": -1}


def chain(*layers):
    return tuple({"node": f"layer_{i}", "title": f"Layer {i}", **layer}
                 for i, layer in enumerate(layers))


def build(*layers, shape=(1, 28, 28), seed=0):
    return build_chain(chain(*layers), shape, seed, torch.Generator())


def refusal(*layers, shape=(1, 28, 28)):
    with pytest.raises(ValueError) as caught:
        build(*layers, shape=shape)
    return str(caught.value)


def test_weights_are_those_of_a_sequential_made_by_hand():
    ours, shape = build({**LINEAR, "activation": "relu"}, {**LINEAR, "output_size": 10}, seed=5)
    torch.manual_seed(5)
    theirs = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    images = torch.randn(4, 1, 28, 28)
    assert shape == (10,) and torch.equal(ours(images), theirs(images))
    assert [name for name, _ in ours.named_children()] == [
        "layer_0_flatten", "layer_0", "layer_0_relu", "layer_1"]


def test_building_leaves_the_global_generator_alone():
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    build(LINEAR)
    assert torch.equal(torch.rand(1), expected)


def test_sizes_follow_through_every_kind_of_layer():
    module, shape = build(
        {**CONV, "stride": 2}, NORM, {"kind": "activation", "activation": "leaky_relu",
                                      "negative_slope": 0.3},
        {**CONV, "kernel_size": 5, "padding": 0}, FLATTEN,
        {**LINEAR, "dropout": 0.5, "activation": "tanh"}, NORM,
        {"kind": "dropout", "dropout_rate": 0.2}, {**LINEAR, "output_size": 3},
        {"kind": "activation", "activation": "softmax", "negative_slope": 0.0})
    output = module(torch.randn(4, 1, 28, 28))
    assert shape == (3,) and torch.allclose(output.sum(1), torch.ones(4))
    sizes = {name: tuple(weight.shape) for name, weight in module.named_parameters()}
    assert sizes["layer_3.weight"] == (8, 8, 5, 5) and sizes["layer_5.weight"] == (128, 800)


@pytest.mark.parametrize("layers, expected", [
    ((LINEAR, CONV), "1×28×28 → Layer 0 (layer_0) → 128 → Layer 1 (layer_1): expected "
                     "channels×height×width, found 128"),
    (({**CONV, "kernel_size": 40},), "at least 40×40 with its padding of 1, found 1×28×28"),
    (({**FLATTEN, "end_dim": 2}, NORM), "found 28×28"),
    (({**FLATTEN, "start_dim": 0},), "0 is the batch"),
    (({**FLATTEN, "start_dim": 9},), "found 9 and -1")])
def test_an_impossible_chain_is_refused_with_the_shapes_along_it(layers, expected):
    assert expected in refusal(*layers)


@pytest.mark.parametrize("name, spread", [
    ("xavier_uniform", (2 / (784 + 128)) ** 0.5), ("xavier_normal", (2 / (784 + 128)) ** 0.5),
    ("kaiming_uniform", (2 / 784) ** 0.5), ("kaiming_normal", (2 / 784) ** 0.5),
    ("normal", 0.02), ("uniform", 0.1 / 3 ** 0.5), ("auto", (1 / 784 / 3) ** 0.5)])
def test_weights_are_drawn_as_asked(name, spread):
    module, _ = build({**LINEAR, "weight_init": name})
    assert module.layer_0.weight.std().item() == pytest.approx(spread, rel=0.02)


def test_dropout_keeps_the_mean_and_repeats_with_its_generator():
    layer = SeededDropout(0.25, torch.Generator().manual_seed(3))
    ones = torch.ones(200, 200)
    first = layer(ones)
    assert first.unique().tolist() == pytest.approx([0, 4 / 3])
    assert first.mean().item() == pytest.approx(1, abs=0.02)
    layer.generator.manual_seed(3)
    assert torch.equal(layer(ones), first)
    assert torch.equal(layer.eval()(ones), ones)
    assert not SeededDropout(1.0, torch.Generator())(ones).any()


@pytest.mark.parametrize("kind", [
    lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
    lambda parameters: torch.optim.Adam(parameters, lr=0.1)], ids=["sgd", "adam"])
def test_a_restored_optimizer_takes_the_same_steps(kind):
    def step(weight, optimizer):
        optimizer.zero_grad()
        (weight ** 2).sum().backward()
        optimizer.step()

    weight = nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer = kind([weight])
    step(weight, optimizer)
    copy = nn.Parameter(weight.detach().clone())
    other = kind([copy])
    restore_optimizer(other, optimizer_tensors(optimizer))
    step(weight, optimizer)
    step(copy, other)
    assert torch.equal(weight, copy)
    with pytest.raises(ValueError, match="belongs to no parameter"):
        restore_optimizer(kind([nn.Parameter(torch.zeros(3))]), optimizer_tensors(optimizer))


@pytest.mark.parametrize("shuffle", [True, False])
def test_every_sample_comes_once_an_epoch(shuffle):
    class Squares(torch.utils.data.Dataset):
        def __len__(self):
            return 10

        def __getitem__(self, i):
            return torch.tensor([i * i]), i

    numbers = torch.arange(10)
    for dataset in (torch.utils.data.TensorDataset(numbers[:, None] ** 2, numbers), Squares()):
        loader = batch_loader(dataset, 4, shuffle, torch.Generator().manual_seed(0))
        labels = [torch.cat([labels for _, labels in loader]).tolist() for _ in range(2)]
        assert [len(labels) for _, labels in loader] == [4, 4, 2] and len(loader) == 3
        assert all(sorted(epoch) == list(range(10)) for epoch in labels)
        assert (labels[0] != labels[1]) is shuffle
        assert all(torch.equal(squares[:, 0], labels ** 2) for squares, labels in loader)


def described(kind, node, **settings):
    return {"kind": kind, "node": node, "title": node, **settings}


def test_saved_shapes_follow_from_the_layers_alone():
    """They are those of the module that is built, where nothing but the input decides."""
    convolution = {"kernel_size": 3, "stride": 1, "padding": 1, "activation": "relu"}
    linear = {"bias": True, "activation": "none", "dropout": 0.0, "weight_init": "auto"}
    layers = [
        described("conv2d", "c1", out_channels=4, **convolution),
        described("batch_norm", "n", eps=1e-5, momentum=0.1),
        described("conv2d", "c2", out_channels=5, **convolution),
        described("flatten", "f", start_dim=1, end_dim=-1),
        described("linear", "l1", output_size=7, **linear),
        described("activation", "a", activation="relu"),
        described("linear", "l2", output_size=3, **{**linear, "bias": False})]
    shapes = saved_shapes(layers)
    module, _ = build_chain(layers, (2, 6, 6), 0, torch.Generator())
    built = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    assert list(shapes) == list(built)
    unknown = {"c1.weight": (4, None, 3, 3), "l1.weight": (7, None)}
    assert shapes == {**built, **unknown}
    assert built["c1.weight"] == (4, 2, 3, 3) and built["l1.weight"] == (7, 5 * 6 * 6)
