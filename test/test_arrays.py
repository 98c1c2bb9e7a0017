"""The same numbers as tensors of torch, and as numpy's arrays where it is not installed."""

import json

import numpy as np
import pytest
import torch

from dnne_ros import arrays
from dnne_ros.node_api.port_types import (
    Dict,
    Image,
    PolicyOutput,
    Tensor,
    dictionaries,
    tensors,
)
from dnne_ros.rl.policy_output import PolicyOutput as Said

NAN, INF = float("nan"), float("inf")
NUMBERS = [
    np.zeros(3, np.float32), np.array(1.5), np.zeros(0), np.array([[1, 2], [3, 4]]),
    np.array([True, False]), np.array([3e38, 3e38, -3e38], np.float32),
    np.array([65504, 65504], np.float16), np.array([0.0, NAN]), np.array([[INF], [1.0]])]


@pytest.fixture(params=[True, False], ids=["torch", "numpy"])
def kind(request, monkeypatch):
    """Run with torch, and as if it were not there; gives what makes numbers of the kind."""
    if not request.param:
        for module in (arrays, tensors):
            monkeypatch.setattr(module, "has_torch", lambda: False)
    dictionaries._remembered.cache_clear()  # it may know texts of the other kind
    yield torch.from_numpy if request.param else np.asarray
    dictionaries._remembered.cache_clear()


@pytest.mark.parametrize("numbers", NUMBERS, ids=repr)
def test_numbers_survive(kind, numbers):
    tensor = arrays.as_tensor(numbers.copy())
    assert type(tensor) is type(kind(numbers.copy())) and arrays.is_tensor(tensor)
    np.testing.assert_array_equal(arrays.as_array(tensor), numbers)
    assert arrays.dtype_name(tensor) == numbers.dtype.name
    doubles = arrays.as_doubles(tensor)
    assert doubles.dtype == np.float64
    np.testing.assert_array_equal(doubles, numbers.astype(np.float64))
    assert arrays.is_finite(tensor) == bool(np.isfinite(numbers).all())
    assert arrays.is_on_cpu(tensor)


def test_a_tensor_is_the_array_s_memory_unless_nobody_may_write_there(kind):
    numbers = np.zeros(2)
    arrays.as_tensor(numbers)[0] = 1.0
    assert numbers[0] == 1.0
    numbers.flags.writeable = False
    arrays.as_tensor(numbers)[1] = 1.0
    assert numbers[1] == 0.0


def test_doubles_are_memory_of_their_own(kind):
    tensor = arrays.as_tensor(np.zeros(2))
    arrays.as_doubles(tensor)[0] = 1.0
    assert tensor[0] == 0.0


def test_tensors_from_a_list(kind):
    found = arrays.tensor_of([1, 2, 3, 4], "int16", [2, 2])
    assert arrays.dtype_name(found) == "int16" and found.tolist() == [[1, 2], [3, 4]]
    assert arrays.tensor_of([1], "no_type", [1]) is None


def test_tensors_of_tensors(kind):
    zeros, ones = arrays.as_tensor(np.zeros((2, 1))), arrays.as_tensor(np.ones((2, 2)))
    assert arrays.joined([zeros, ones], axis=1).tolist() == [[0, 1, 1], [0, 1, 1]]
    again = arrays.zeros_like(ones)
    assert again.tolist() == [[0, 0], [0, 0]] and again.dtype == ones.dtype
    assert arrays.dtype_name(arrays.converted(ones, "int8")) == "int8"
    arrays.detached(ones)[0, 0] = 5.0
    assert ones[0, 0] == 5.0


def test_what_both_kinds_have_in_common(kind):
    numbers = kind(np.array([[-3.0, 0.5]], np.float32))
    clipped = numbers.clip(-1.0, 1.0) * 10.0
    assert arrays.dtype_name(clipped) == "float32" and clipped.tolist() == [[-10.0, 5.0]]


def carried(port, value):
    """Return a value as it leaves a process, and as it comes into another."""
    sent = port.pack(value)
    return sent, port.unpack(sent)


@pytest.mark.parametrize("port, numbers", [
    (Tensor("float32", ("env", "joint")), np.array([[1.0, 2.0]], np.float32)),
    (Tensor(), np.array([[1, 2], [3, 4]]).T), (Tensor("bool"), np.array([True, False])),
    (Image(), np.arange(12, dtype=np.uint8).reshape(2, 2, 3))], ids=str)
def test_another_machine_hears_the_same(kind, port, numbers):
    value = kind(np.array(numbers))
    port.check(value)
    sent, received = carried(port, value)
    assert sent.element_type == numbers.dtype.name
    np.testing.assert_array_equal(sent.data, numbers)
    assert type(received) is type(value) and received.tolist() == numbers.tolist()


def test_a_wrong_element_type_is_named(kind):
    with pytest.raises(TypeError, match="expected a tensor of float32, found float64"):
        Tensor("float32").check(kind(np.zeros(2)))
    with pytest.raises(TypeError, match=r"axes \(env\), found shape \(2, 1\)"):
        Tensor("float32", ("env",)).check(kind(np.zeros((2, 1), np.float32)))


def test_dictionaries_hold_tensors(kind):
    value = {"a": kind(np.array([1.0, NAN], np.float32)), "b": 2}
    text, received = carried(Dict(), Dict().canonical(value))
    assert json.loads(text)["a"] == {"dtype": "float32", "shape": [2], "data": [1.0, "nan"]}
    assert type(received["a"]) is type(value["a"]) and received["b"] == 2
    np.testing.assert_array_equal(received["a"], value["a"])


def test_what_a_policy_says(kind):
    parts = [np.arange(n * 2, dtype=np.float32).reshape(2, n) for n in (3, 1, 1, 1)]
    row = np.array([0.5, 0.25], np.float32)
    said = Said(kind(parts[0]), kind(parts[1]), kind(row), kind(2 * row), kind(parts[2]),
                kind(parts[3]))
    sent, received = carried(PolicyOutput(), said)
    assert sent.axes == ("env", "observations[3],actions[1],log_prob,value,mean[1],std[1]")
    assert sent.data.shape == (2, 8) and sent.data[:, 4].tolist() == [0.5, 0.25]
    assert received.value.tolist() == [1.0, 0.5] and type(received.mean) is type(said.mean)


def test_what_only_torch_has_is_refused_without_it(monkeypatch):
    sent = Tensor().pack(torch.ones(2, dtype=torch.bfloat16))
    for module in (arrays, tensors):
        monkeypatch.setattr(module, "has_torch", lambda: False)
    with pytest.raises(TypeError, match="a tensor of bfloat16 needs torch"):
        Tensor().unpack(sent)
