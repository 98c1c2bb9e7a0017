"""Weights from elsewhere, tensor by tensor."""

import torch

from dnne_ros.learning.fitting import misfits


def test_a_line_for_each_tensor_that_does_not_fit():
    expected = {"a": (2, None), "b": (3,), "c": (), "d": (1, 1)}
    found = {"a": torch.zeros(2, 7), "b": torch.zeros(4), "c": torch.tensor(1),
             "e": torch.zeros(5)}
    assert misfits(expected, found) == [
        "b: expected (3,), found (4,)", "d: expected (1, 1), found nothing",
        "e: expected nothing, found (5,)"]
    assert misfits({"a": (2, None)}, {"a": torch.zeros(3, 1)}) == [
        "a: expected (2, ?), found (3, 1)"]
