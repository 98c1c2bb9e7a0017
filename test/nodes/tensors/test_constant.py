"""Constant tensors: shapes, fillings, seeds."""

import math

import pytest
import torch

from dnne_ros.nodes.tensors.constant import TensorNode, read_dims
from dnne_ros.testing import NodeDriver


@pytest.fixture
def given(drive):
    """Return the first items that a node with some widgets gives."""
    def run(values, count=2, **options):
        async def script(context):
            await context.sends(count)

        return drive(TensorNode(values), script, [], **options).outputs("tensor")
    return run


def problems(**values):
    return TensorNode.validate_parameters(TensorNode(values).values)


@pytest.mark.parametrize("text, dims", [
    ("10", (10,)), ("2,3", (2, 3)), (" [2, 3,4] ", (2, 3, 4)), ("[7]", (7,)), ("5,", (5,))])
def test_dimensions_in_every_spelling(text, dims):
    assert read_dims(text) == dims


@pytest.mark.parametrize("text", [
    "", "a", "2x3", "2,-3", "[2,3", "2,3]", "0", "2,0", "1.5", "9" * 30, "100000,100000",
    "1,1,1,1,1,1,1,1,1", ",".join("1" * 5000)])
def test_dimensions_that_are_none_are_refused(text):
    problem, = problems(tensor_dims=text)
    assert problem.startswith("tensor_dims: expected") and len(problem) < 200


@pytest.mark.parametrize("values, expected", [
    ({"tensor_dims": "2,2"}, torch.zeros(2, 2)),
    ({"tensor_dims": "3", "fill_mode": "ones", "dtype": "int64"}, torch.tensor([1, 1, 1])),
    ({"tensor_dims": "2", "fill_mode": "custom", "custom_fill": 0.25, "dtype": "float64"},
     torch.tensor([0.25, 0.25], dtype=torch.float64)),
    ({"tensor_dims": "2", "fill_mode": "custom", "custom_fill": -7.0, "dtype": "int32"},
     torch.tensor([-7, -7], dtype=torch.int32)),
    ({"tensor_dims": "1", "fill_mode": "ones", "dtype": "bool"}, torch.tensor([True]))])
def test_fillings_by_hand(given, values, expected):
    found = given(values)
    assert found[0].dtype == expected.dtype and torch.equal(found[0], expected)
    assert found[1] is found[0]


@pytest.mark.parametrize("mode, largest, deviation", [
    ("uniform", 1.0, 1 / math.sqrt(3)), ("normal", None, 1.0),
    # He: √(2 / fan_in), uniform ones from -√3 to √3 times that; Glorot: √(2 / (fan_in + fan_out)).
    ("kaiming_normal", None, math.sqrt(2 / 400)),
    ("kaiming_uniform", math.sqrt(6 / 400), math.sqrt(2 / 400)),
    ("xavier_normal", None, math.sqrt(2 / 500)),
    ("xavier_uniform", math.sqrt(6 / 500), math.sqrt(2 / 500))])
def test_random_fillings_have_the_spread_of_their_formula(given, mode, largest, deviation):
    tensor = given({"tensor_dims": "100,400", "fill_mode": mode, "seed": 5})[0]
    assert tensor.std().item() == pytest.approx(deviation, rel=0.02)
    assert tensor.mean().item() == pytest.approx(0, abs=0.02 * deviation)
    assert largest is None or tensor.abs().max().item() <= largest
    single = given({"tensor_dims": "400", "fill_mode": mode})[0]
    assert single.shape == (400,)


def test_numbers_follow_from_the_seed_and_else_from_that_of_the_run(given):
    values = {"fill_mode": "normal"}
    own = [given({**values, "seed": 4}, seed=seed)[0] for seed in (1, 2)]
    runs = [given(values, seed=seed)[0] for seed in (1, 1, 2)]
    assert torch.equal(*own) and torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_global_random_numbers_stay_as_they_are(given):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    given({"fill_mode": "normal"})
    assert torch.equal(torch.rand(1), expected)


async def first_item(values, **options):
    """Return the first item of a node, and its state then."""
    async with NodeDriver(TensorNode(values), [], **options) as context:
        await context.sends(1)
        return context.outputs("tensor")[0], (await context.save()).state


def test_a_run_that_goes_on_has_the_same_numbers_under_another_seed(run_async):
    values = {"fill_mode": "normal"}
    first, state = run_async(first_item(values, seed=1))
    again, _ = run_async(first_item(values, seed=2, state=state))
    assert torch.equal(again, first)
    with pytest.raises(ValueError, match=r"expected a tensor of \(3,\) float32, found \(10,\)"):
        run_async(first_item({**values, "tensor_dims": "3"}, state=state))


@pytest.mark.parametrize("values, expected", [
    ({"fill_mode": "normal", "dtype": "int64"}, "fill_mode normal: expected dtype float32 or"),
    ({"fill_mode": "custom", "custom_fill": 0.5, "dtype": "int32"},
     "custom_fill: expected a value of dtype int32, found 0.5"),
    ({"fill_mode": "custom", "custom_fill": 2.0, "dtype": "bool"}, "of dtype bool, found 2.0"),
    ({"fill_mode": "custom", "custom_fill": 3e9, "dtype": "int32"}, "of dtype int32, found")])
def test_what_the_element_type_cannot_hold_is_refused(values, expected):
    problem, = problems(**values)
    assert expected in problem
    assert problems(**{**values, "fill_mode": "ones"}) == []


def test_positional_widgets_of_workflow_files():
    assert " ".join(TensorNode.widgets) == "tensor_dims fill_mode custom_fill dtype seed"
