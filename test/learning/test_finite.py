"""Where the numbers are that are none."""

import pytest
import torch

from dnne_ros.arrays import first_not_finite
from dnne_ros.learning.finite import NotFiniteError, all_finite, check_finite, check_update

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("values", [
    torch.zeros(3), torch.tensor(1.0), torch.zeros(0), torch.tensor([3e38, 3e38, -3e38]),
    torch.tensor([65504.0, 65504.0], dtype=torch.float16), torch.tensor([True, False]),
    torch.tensor([2**62, 2**62])], ids=repr)
def test_what_is_finite_passes(values):
    """A sum that overflows is none of it."""
    check_finite(values, "reward", 7)
    assert all_finite([values])


@pytest.mark.parametrize("values, said", [
    (torch.tensor([0.0, NAN, 1.0]), "found environment 1 is nan"),
    (torch.tensor([[0.0, 1.0], [-INF, INF]]),
     "found environment 1 [0] is -inf, environment 1 [1] is inf"),
    (torch.full((5,), NAN), "environment 0 is nan, environment 1 is nan, environment 2 is nan "
                            "and 2 more"),
    (torch.tensor(INF), "expected a finite number, found inf"),
])
def test_what_is_not_is_named_by_its_place(values, said):
    with pytest.raises(NotFiniteError) as caught:
        check_finite(values, "reward", 7)
    assert str(caught.value).startswith("input 'reward', item 7: ") and said in str(caught.value)
    assert not all_finite([torch.zeros(2), values])


def test_the_first_tensor_that_is_not_finite():
    tensors = {"a": torch.zeros(2), "count": torch.tensor(3), "b": torch.tensor([INF])}
    assert first_not_finite(tensors.items()) == "b"
    assert first_not_finite({"a": torch.zeros(2)}.items()) is None


def test_what_an_update_leaves_behind_is_named_with_its_causes():
    named = {"actor.0.weight": torch.ones(2), "actor.0.bias": torch.tensor([0.0, NAN])}

    def check(figures, weights=named):
        check_update("update 7", figures, weights.values(), named.items(), "the rewards, perhaps")

    check({"loss": 1.0}, {"all": torch.ones(3)})
    with pytest.raises(NotFiniteError) as caught:
        check({"loss": INF, "grad_norm": 1.0})
    assert str(caught.value) == ("update 7: loss is inf, the policy's actor.0.bias is not finite; "
                                 "the rewards, perhaps")
