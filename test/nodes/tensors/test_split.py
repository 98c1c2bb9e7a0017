"""Tensors cut into pieces, by numbers worked out by hand."""

import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.nodes.tensors.split import Split

ROWS = torch.arange(12.0).reshape(2, 6)


@pytest.fixture
def pieces(drive):
    """Return what a Split sends for a tensor, by output."""
    def run(tensor, outputs=("output_a",), **values):
        async def script(context):
            context.feed("input", tensor)
            await context.idle()

        return dict(drive(Split(values), script, ["input"], outputs=outputs).sent)
    return run


@pytest.mark.parametrize("values, expected", [
    ({"dimension": 1, "split_pos": "2"}, {"output_a": [0, 1], "output_b": [2, 3, 4, 5]}),
    ({"dimension": -1, "split_pos": "1, 2,4"},
     {"output_a": [0], "output_b": [1], "output_c": [2, 3], "output_d": [4, 5]}),
    ({"dimension": 1, "split_mode": "by size", "split_pos": "3,2,1"},
     {"output_a": [0, 1, 2], "output_b": [3, 4], "output_c": [5]}),
    ({"dimension": 1, "split_mode": "by size", "split_pos": "6,0"},
     {"output_a": [0, 1, 2, 3, 4, 5]}),
    ({"dimension": 1, "split_pos": "4,9"}, {"output_a": [0, 1, 2, 3], "output_b": [4, 5]})])
def test_pieces_by_hand(pieces, values, expected):
    found = pieces(ROWS, **values)
    assert {name: piece[0].tolist() for name, piece in found.items()} == expected
    assert all(piece.shape[0] == 2 for piece in found.values())


def test_the_first_axis_is_cut_unless_another_is_named(pieces):
    found = pieces(torch.arange(40), split_pos="10,20,30")
    assert {name: piece.tolist() for name, piece in found.items()} == {
        f"output_{letter}": list(range(start, start + 10))
        for letter, start in zip("abcd", (0, 10, 20, 30))}


def test_gradients_flow_back_through_the_pieces(pieces):
    whole = torch.zeros(1, 4, requires_grad=True)
    found = pieces(whole, dimension=1, split_pos="1")
    (2 * found["output_b"]).sum().backward()
    assert whole.grad.tolist() == [[0, 2, 2, 2]]


@pytest.mark.parametrize("values, expected", [
    ({"dimension": 2}, "input: expected an axis 2, found shape (2, 6)"),
    ({"dimension": 1, "split_mode": "by size", "split_pos": "3,2"},
     "input: expected 5 (3,2) along axis 1, found shape (2, 6)"),
    ({"dimension": 0, "split_pos": "2"},
     "output_b: it is linked, but by index 2 leaves nothing for it along axis 0 of shape")])
def test_a_tensor_that_does_not_fit_is_named(pieces, values, expected):
    with pytest.raises(InputError) as caught:
        pieces(ROWS, ("output_a", "output_b"), **values)
    assert expected in str(caught.value)


@pytest.mark.parametrize("values", [
    {"split_pos": ""}, {"split_pos": ","}, {"split_pos": "1,b"}, {"split_pos": "-1"},
    {"split_pos": "0,3"}, {"split_pos": "3,3"}, {"split_pos": "4,2"}, {"split_pos": "1,2,3,4"},
    {"split_pos": "1.5"}, {"split_pos": "9" * 40}, {"split_mode": "by size", "split_pos": "0"},
    {"split_mode": "by size", "split_pos": "1,1,1,1,1"}])
def test_numbers_that_make_no_pieces_are_refused(values):
    problem, = Split.validate_parameters(Split(values).values)
    assert problem.startswith("split_pos: expected") and len(problem) < 200


def test_positional_widgets_of_workflow_files():
    assert " ".join(Split.widgets) == "dimension split_mode split_pos"
