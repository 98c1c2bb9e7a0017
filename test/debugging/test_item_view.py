"""What there is to be seen of an item, whatever it is."""

import base64
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from dnne_ros import strict_json
from dnne_ros.debugging.item_view import view


def test_an_array_has_shape_range_and_histogram():
    seen = view(torch.tensor([[0.0, 1.0], [2.0, 3.0]]))
    assert (seen["dtype"], seen["shape"], seen["size"]) == ("float32", [2, 2], 4)
    assert (seen["min"], seen["max"], seen["mean"]) == (0.0, 3.0, 1.5)
    assert seen["std"] == pytest.approx(np.std([0, 1, 2, 3]))
    assert seen["values"] == [0.0, 1.0, 2.0, 3.0]
    assert sum(seen["histogram"]["counts"]) == 4 and seen["histogram"]["high"] == 3.0


def test_what_is_not_finite_is_counted_and_left_out_of_the_range():
    seen = view(np.array([1.0, np.nan, np.inf, -np.inf, 2.0]))
    assert (seen["nan"], seen["inf"], seen["min"], seen["max"]) == (1, 2, 1.0, 2.0)
    assert seen["values"] == [1.0, "nan", "inf", "-inf", 2.0]


class Strange:
    def __repr__(self):
        raise RuntimeError("no")


@dataclass
class Pair:
    left: torch.Tensor
    right: str


@pytest.mark.parametrize("value", [
    None, True, 3, 2**80, 1.5, "text", "\x1b[2J", b"bytes", [1, 2.5], [], {}, (1, "a"), Strange(),
    torch.zeros(0, 3), torch.tensor(5), torch.tensor([1 + 2j]), np.array(["a"]),
    torch.zeros(2, dtype=torch.bfloat16), torch.full((4,), 3e38), np.array([1e308, -1e308]),
    Pair(torch.ones(2), "r"), {"a": {"b": {"c": {"d": 1}}}},
    {f"key{number}": number for number in range(100)}])
def test_anything_can_be_seen_and_told(value):
    seen = view(value)
    text = strict_json.dumps(seen)
    assert seen["kind"] and "\x1b" not in text and len(text) < 20_000


def test_parts_are_seen_by_name():
    seen = view(Pair(torch.ones(2), "r"))
    assert seen["parts"]["left"]["shape"] == [2] and seen["parts"]["right"]["text"] == "r"


@pytest.mark.parametrize("shape, expected", [
    ((20, 30, 3), (30, 20)), ((3, 20, 30), (30, 20)), ((5, 20, 30, 3), (30, 20)),
    ((20, 30), (30, 20)), ((640, 480, 4), (120, 160)), ((4, 3, 3), None), ((20, 30, 7), None)])
def test_a_picture_is_seen_as_one_small_enough_for_a_page(shape, expected):
    picture = view(np.full(shape, 200, np.uint8)).get("picture")
    if expected is None:
        assert picture is None
    else:
        assert (picture["width"], picture["height"]) == expected
        rgb = base64.b64decode(picture["rgb"])
        assert len(rgb) == 3 * expected[0] * expected[1] and set(rgb) == {200}
