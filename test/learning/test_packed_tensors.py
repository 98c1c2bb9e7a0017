"""Tensors that are packed again and again, as safetensors reads them."""

import pytest
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save

from dnne_ros.learning.packed_tensors import pack_tensors, unpack_tensors

TENSORS = {
    "layer.weight": torch.arange(6.0).reshape(2, 3).t(),
    "count": torch.tensor(7),
    "half": torch.ones(3, dtype=torch.bfloat16),
    "äß\"": torch.tensor([True, False]),
    "none": torch.zeros(0, 4),
}


def test_safetensors_reads_what_was_packed(tmp_path):
    packed = pack_tensors(TENSORS, {"version": "1"})
    read = load(packed)
    assert read.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert torch.equal(read[name], tensor) and read[name].dtype == tensor.dtype
    (tmp_path / "file").write_bytes(packed)
    with safe_open(tmp_path / "file", "pt") as file:
        assert file.metadata() == {"version": "1"}


@pytest.mark.parametrize("pack", [pack_tensors, lambda tensors, about: save(
    {name: tensor.contiguous() for name, tensor in tensors.items()}, about)])
def test_what_was_packed_is_read_and_may_be_written_to(pack):
    packed = pack(TENSORS, {"version": "1"})
    read, about = unpack_tensors(packed)
    assert about == {"version": "1"} and read.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert torch.equal(read[name], tensor) and read[name].dtype == tensor.dtype
    read["layer.weight"].zero_()
    assert torch.equal(unpack_tensors(packed)[0]["layer.weight"], TENSORS["layer.weight"])


@pytest.mark.parametrize("cut", [0, 4, 8, 30, -1])
def test_what_is_cut_off_is_refused(cut):
    packed = pack_tensors(TENSORS, {})
    with pytest.raises((ValueError, KeyError, SafetensorError)):
        unpack_tensors(packed[:cut])


def test_what_was_read_is_packed_into_the_same_bytes():
    """Recordings know a change by the digest of its bytes, at both ends."""
    packed = pack_tensors(TENSORS, {})
    assert pack_tensors(load(packed), {}) == packed


def test_other_numbers_and_other_layouts_are_packed_anew():
    first = pack_tensors({"a": torch.zeros(2)}, {})
    assert torch.equal(load(pack_tensors({"a": torch.ones(2)}, {}))["a"], torch.ones(2))
    assert load(pack_tensors({"a": torch.ones(3)}, {}))["a"].shape == (3,)
    assert load(first)["a"].sum() == 0


def test_what_no_network_has_is_refused():
    with pytest.raises(KeyError):
        pack_tensors({"a": torch.zeros(1, dtype=torch.complex64)}, {})
