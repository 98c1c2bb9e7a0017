import json
import math

import pytest
import torch
from hypothesis import given, strategies as st

from dnne_ros.node_api.port_types import (
    Action,
    AnyTensor,
    AnyValue,
    Boolean,
    Dataset,
    Dict,
    Float,
    GradientTensor,
    Image,
    Int,
    Model,
    Optimizer,
    PolicyOutput,
    Schema,
    SimHandle,
    String,
    Sync,
    Tensor,
)
from dnne_ros.rl.policy_output import PolicyOutput as PolicyOutputValue
from dnne_ros.transport.codecs import codec_for

DTYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32,
    torch.int16, torch.int8, torch.uint64, torch.uint32, torch.uint16, torch.uint8, torch.bool,
    torch.complex64, torch.complex128, torch.complex32, torch.float8_e4m3fn, torch.float8_e5m2,
    torch.float8_e4m3fnuz, torch.float8_e5m2fnuz]
SHAPES = [(), (1,), (7,), (2, 3), (0,), (0, 3), (3, 0, 2), (2, 3, 4, 5)]


def name_of(dtype):
    return str(dtype).removeprefix("torch.")


def random_tensor(dtype, shape):
    """Return a tensor of random bits (0 and 1 for bool)."""
    size = torch.empty((), dtype=dtype).element_size()
    bits = torch.randint(0, 2 if dtype is torch.bool else 256, (*shape, size), dtype=torch.uint8,
                         generator=torch.Generator().manual_seed(3))
    return bits.view(dtype).reshape(shape)


def same_bits(a, b):
    if a.dtype != b.dtype or a.shape != b.shape or not a.numel():
        return a.dtype == b.dtype and a.shape == b.shape
    return torch.equal(*(t.contiguous().reshape(-1).view(torch.uint8) for t in (a, b)))


def travel(port_type, value):
    """Send ``value`` through the bytes of its message."""
    codec = codec_for(port_type.wire)
    return port_type.unpack(codec.decode(codec.encode(port_type.pack(value))))


@pytest.mark.parametrize("input, output, accepted", [
    (Tensor(), Tensor("float32"), True), (Tensor(), Action(), True), (Action(), Tensor(), False),
    (Action(), Action(), True), (Float(), Int(), True), (Int(), Float(), False),
    (Dict(), Schema(), True), (Schema(), Dict(), False), (Sync(), Tensor(), False),
    (Tensor(), PolicyOutput(), False), (AnyValue(), Model(), True), (Model(), AnyValue(), True),
    (Action(), AnyValue(), True), (String(), Boolean(), False), (AnyTensor(), Action(), True),
    (AnyTensor(), GradientTensor(), True), (AnyTensor(), Image(), True),
    (AnyTensor(), PolicyOutput(), False), (AnyTensor(), Float(), False),
    (Action(), AnyTensor(), True)])
def test_what_may_be_linked(input, output, accepted):
    assert input.accepts(output) is accepted


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize("declared", [False, True], ids=["any dtype", "its own"])
def test_tensors_arrive_bit_for_bit(dtype, shape, declared):
    tensor = random_tensor(dtype, shape)
    axes = ("env", "a", "b", "c")[:len(shape)]
    received = travel(Tensor(name_of(dtype) if declared else None, axes), tensor)
    assert same_bits(received, tensor)
    if received.numel() and dtype is not torch.complex32:
        received.zero_()  # what comes may be written to


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
def test_tensors_in_other_memory_orders(dtype):
    tensor = random_tensor(dtype, (4, 6))
    for view in (tensor.t(), tensor[::2, 1:5], tensor[0].expand(3, 6)):
        assert same_bits(travel(Tensor(), view), view.contiguous())


def test_tensors_that_are_views_with_a_sign():
    tensor = random_tensor(torch.complex64, (3,))
    assert same_bits(travel(Tensor(), tensor.conj()), tensor.conj().resolve_conj())
    assert torch.equal(travel(Tensor(), tensor.conj().imag).isnan(), tensor.imag.isnan())


def test_a_tensor_with_gradient_travels_as_its_value():
    tensor = torch.ones(2, requires_grad=True)
    assert not travel(Tensor("float32"), tensor).requires_grad


def test_a_sender_is_not_changed_by_its_receiver():
    tensor = torch.zeros(3)
    travel(Tensor("float32"), tensor).add_(1)
    assert torch.equal(tensor, torch.zeros(3))


def test_another_element_type_than_declared_is_an_error():
    with pytest.raises(TypeError, match="expected elements of float32, found float64"):
        travel(Tensor("float32"), torch.zeros(2, dtype=torch.float64))


@pytest.mark.parametrize("value, said", [
    (torch.zeros(2, 3, dtype=torch.float64), "a tensor of float32, found float64"),
    (torch.zeros(3), r"axes \(env, x\), found shape \(3,\)"),
    ([1.0], "a tensor of float32, found list")])
def test_first_values_are_checked(value, said):
    with pytest.raises(TypeError, match=said):
        Tensor("float32", ("env", "x")).check(value)
    Tensor("float32", ("env", "x")).check(torch.zeros(2, 3))


@pytest.mark.parametrize("dtype", [d for d in DTYPES if not d.is_complex], ids=name_of)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_tensors_in_dictionaries(dtype, shape):
    tensor = random_tensor(dtype, shape)
    if dtype.is_floating_point:
        finite = torch.isfinite(tensor.double())
        tensor = torch.where(finite, tensor.double(), 1.5).to(dtype)  # JSON has no NaN's bits
    received = travel(Dict(), {"a": {"b": [tensor, 1]}, "n": None})
    assert same_bits(received["a"]["b"][0], tensor)
    assert received["a"]["b"][1:] == [1] and received["n"] is None


def test_infinities_and_nan_in_dictionaries():
    received = travel(Dict(), {"t": torch.tensor([math.inf, -math.inf, math.nan, -0.0])})["t"]
    assert received.tolist()[:2] == [math.inf, -math.inf] and received[2].isnan()
    assert math.copysign(1, received[3].item()) == -1


JSON = st.dictionaries(st.text(), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5))


@given(JSON)
def test_dictionaries_arrive_as_they_were(value):
    assert travel(Dict(), value) == value


@pytest.mark.parametrize("value", [
    {"dtype": "load", "shape": [], "data": []}, {"dtype": 3, "shape": 4, "data": 5},
    {"dtype": "float32", "shape": [1]}])
def test_a_dictionary_that_only_looks_like_a_tensor(value):
    assert travel(Dict(), {"x": value}) == {"x": value}


def test_who_writes_to_a_dictionary_changes_no_other_of_the_same_text():
    sent = {"rows": torch.zeros(2), "deep": [{"a": 1}]}
    first = travel(Dict(), sent)
    first["rows"].add_(1.0)
    first["deep"][0]["a"] = 2
    second = travel(Dict(), sent)
    assert torch.equal(second["rows"], torch.zeros(2)) and second["deep"] == [{"a": 1}]


def test_a_dictionary_is_json_that_a_person_can_read():
    packed = Dict().pack({"time_outs": torch.tensor([True, False])})
    assert json.loads(packed) == {
        "time_outs": {"dtype": "bool", "shape": [2], "data": [True, False]}}


@pytest.mark.parametrize("value", [object(), {1, 2}, 1j, b"bytes"])
def test_other_things_in_dictionaries_are_named(value):
    with pytest.raises(TypeError, match=f"a {type(value).__name__} in a dictionary cannot leave"):
        Dict().pack({"x": value})


@pytest.mark.parametrize("port_type, value, received", [
    (Float(), 0.1, 0.1), (Float(), torch.tensor(0.5), 0.5), (Float(), 3, 3.0),
    (Int(), -2**63, -2**63), (Int(), torch.tensor(7), 7), (Boolean(), True, True),
    (Boolean(), torch.tensor(False), False), (String(), "grüße 日本 😀", "grüße 日本 😀"),
    (String(), "", ""), (Sync(), "anything", None)])
def test_scalars(port_type, value, received):
    result = travel(port_type, value)
    assert result == received and type(result) is type(received)


@pytest.mark.parametrize("std", [torch.rand(3, 2), None], ids=["continuous", "discrete"])
def test_policy_outputs(std):
    value = PolicyOutputValue(
        observations=torch.rand(3, 4), actions=torch.rand(3, 2), log_prob=torch.rand(3),
        value=torch.rand(3), mean=torch.rand(3, 2), std=std)
    received = travel(PolicyOutput(), value)
    for name in ("observations", "actions", "log_prob", "value", "mean"):
        assert torch.equal(getattr(received, name), getattr(value, name))
    assert (std is None and received.std is None) or torch.equal(received.std, std)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3), (4, 5, 4)])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.float32, torch.int32])
def test_pictures(shape, dtype):
    picture = random_tensor(dtype, shape)
    assert same_bits(travel(Image(), picture), picture)


@pytest.mark.parametrize("port_type", [SimHandle(), Dataset(), Optimizer()])
def test_what_cannot_leave_its_process(port_type):
    assert port_type.wire is None and not port_type.leaves_process and port_type.held
    with pytest.raises(TypeError, match=f"a {port_type.name} cannot leave its process"):
        port_type.pack(object())
    with pytest.raises(TypeError, match="cannot leave"):
        port_type.unpack(object())


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_dictionary_carries_what_json_has_not(number):
    value = {"a": float(number), "list": [1.5, {"b": float(number)}],
             "tensor": torch.tensor([[float(number), 0.1]], dtype=torch.float64), "c": "nan"}
    text = Dict().pack(value)
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))
    back = Dict().unpack(text)
    assert repr(back["a"]) == number and repr(back["list"][1]["b"]) == number
    assert torch.equal(torch.nan_to_num(back["tensor"]), torch.nan_to_num(value["tensor"]))
    assert back["tensor"].dtype is torch.float64 and back["c"] == "nan"
