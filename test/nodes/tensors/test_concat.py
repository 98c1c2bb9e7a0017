"""Tensors put side by side, all at once or as they come."""

import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.nodes.tensors.concat import Concat, join

AVAILABLE = {"mode": "as available"}


@pytest.fixture
def joined(drive):
    """Return what a Concat sends while items come one after the other."""
    def run(items, linked=("input_a", "input_b"), **values):
        async def script(context):
            for letter, value in items:
                context.feed(f"input_{letter}", torch.tensor([value]))
                await context.idle()

        context = drive(Concat(values), script, linked)
        return [output.tolist()[0] for output in context.outputs("output")]
    return run


COMING = [("a", [1.0, 2.0]), ("a", [3.0, 4.0]), ("b", [5.0]), ("b", [6.0])]


@pytest.mark.parametrize("values, expected", [
    ({}, [[1, 2, 5], [3, 4, 6]]),
    # What has not come yet has the shape of what did; later, that of its last item.
    (AVAILABLE, [[1, 2, 0, 0], [3, 4, 0, 0], [0, 0, 5], [0, 0, 6]]),
    ({**AVAILABLE, "pad_mode": "hold previous"}, [[3, 4, 5], [3, 4, 6]])])
def test_by_hand(joined, values, expected):
    assert joined(COMING, **values) == expected


def test_a_held_part_counts_in_its_own_place(joined):
    coming = [("b", [2.0]), ("d", [4.0]), ("b", [3.0])]
    assert joined(coming, ("input_b", "input_d"), **AVAILABLE, pad_mode="hold previous") == [
        [2, 4], [3, 4]]


def test_features_are_joined_along_axis_1_and_single_axes_along_that():
    pictures = [torch.full((2, channels, 3, 3), float(channels)) for channels in (1, 2)]
    assert join(dict(zip("ab", pictures))).shape == (2, 3, 3, 3)
    assert join({"a": torch.tensor([1, 2]), "b": torch.tensor([3])}).tolist() == [1, 2, 3]


def test_gradients_flow_back_into_the_parts_but_not_into_held_ones(drive):
    parts = [torch.ones(1, 1, requires_grad=True) for _ in range(2)]

    async def script(context):
        for name, part in zip(("input_a", "input_b"), parts):
            context.feed(name, 2 * part)
            await context.idle()

    context = drive(Concat({**AVAILABLE, "pad_mode": "hold previous"}), script,
                    ["input_a", "input_b"])
    context.outputs("output")[0].sum().backward()
    assert parts[0].grad is None and parts[1].grad.tolist() == [[2]]


@pytest.mark.parametrize("shapes", [
    ((2, 3), (1, 3)), ((2, 3), (2,)), ((), ()), ((2, 3, 4), (2, 3, 5))])
def test_parts_that_do_not_fit_are_named_with_their_shapes(shapes):
    with pytest.raises(InputError) as caught:
        join({name: torch.zeros(shape) for name, shape in zip(("input_a", "input_c"), shapes)})
    assert all(f"{shape} (input_{letter})" in str(caught.value)
               for letter, shape in zip("ac", shapes))
