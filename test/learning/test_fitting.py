"""Weights from elsewhere, tensor by tensor."""

import torch

from dnne_ros.learning.fitting import misfits, named_as


def test_a_line_for_each_tensor_that_does_not_fit():
    expected = {"a": (2, None), "b": (3,), "c": (), "d": (1, 1)}
    found = {"a": torch.zeros(2, 7), "b": torch.zeros(4), "c": torch.tensor(1),
             "e": torch.zeros(5)}
    assert misfits(expected, found) == [
        "b: expected (3,), found (4,)", "d: expected (1, 1), found nothing",
        "e: expected nothing, found (5,)"]
    assert misfits({"a": (2, None)}, {"a": torch.zeros(3, 1)}) == [
        "a: expected (2, ?), found (3, 1)"]


def places(expected, *names):
    """Return which place of a file whose tensors have these names goes to each expected name."""
    found = named_as(expected, {name: torch.tensor(place) for place, name in enumerate(names)})
    return {name: place.item() for name, place in found.items()}


def test_names_that_are_known_count_before_places():
    """Two layers of one shape in another order are not swapped."""
    expected = ["one.weight", "one.bias", "two.weight", "two.bias"]
    assert places(expected, "two.bias", "two.weight", "one.bias", "one.weight") == {
        "one.weight": 3, "one.bias": 2, "two.weight": 1, "two.bias": 0}
    assert places(expected, "0.weight", "0.bias", "2.weight", "2.bias", "4.weight") == {
        "one.weight": 0, "one.bias": 1, "two.weight": 2, "two.bias": 3, "4.weight": 4}
    # Of a file that knows some names, the others are not guessed.
    assert places(expected, "two.weight", "two.bias") == {"two.weight": 0, "two.bias": 1}
