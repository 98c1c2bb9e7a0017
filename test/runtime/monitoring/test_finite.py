"""Looking for numbers that are none."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from dnne_ros.runtime.monitoring.finite import is_finite


@dataclass
class Reading:
    """A value with parts."""

    name: str
    values: object


@pytest.mark.parametrize("wrong", [
    math.nan, math.inf, complex(0, math.nan), torch.tensor([1.0, math.nan]),
    torch.tensor(math.inf, dtype=torch.bfloat16), np.array([[1.0], [-math.inf]], np.float16)])
def test_not_finite_wherever_it_is(wrong):
    for value in (wrong, [1, wrong], (wrong,), {"a": {"b": wrong}}, Reading("x", [wrong])):
        assert not is_finite(value)


@pytest.mark.parametrize("right", [
    1.0, 3, True, None, "nan", b"", torch.tensor([1, 2]), torch.zeros(0), np.array(["nan"]),
    np.arange(3), Reading("nan", 1.0), [], {}, Reading])
def test_finite(right):
    assert is_finite(right) and is_finite([right])
