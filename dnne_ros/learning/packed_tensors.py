"""Tensors as safetensors bytes, for those that are sent again and again with other numbers.

What `safetensors.torch` finds out each time, their layout, is found out once here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

import torch
from safetensors.torch import load
from torch import Tensor

_KINDS = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint8: "U8", torch.bool: "BOOL",
}
_ALIGNMENT = 8
_ABOUT = b'"__metadata__":'
"""Behind what is said of the tensors, as that stays the same."""

Kind = tuple[str, torch.dtype, torch.Size]


def pack_tensors(tensors: Mapping[str, Tensor], about: Mapping[str, str]) -> bytes:
    """Return dense ``tensors`` and what is to be said ``about`` them, as `safetensors` reads it.

    Raises KeyError for an element type that is not among those of networks.
    """
    order, described = _layout(tuple(
        (name, tensor.dtype, tensor.shape) for name, tensor in tensors.items()))
    head = b"{" + described + _ABOUT + json.dumps(about).encode() + b"}"
    head += b" " * (-len(head) % _ALIGNMENT)
    return b"".join((len(head).to_bytes(8, "little"), head,
                     *(_bytes_of(tensors[name]) for name in order)))


def unpack_tensors(data: bytes) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return what `pack_tensors` was given; tensors are views of one buffer of their own.

    What safetensors wrote is read, too.  Raises ValueError, KeyError or those of `safetensors`
    for what is neither.
    """
    start = 8 + int.from_bytes(data[:8], "little")
    described, _, about = data[8:start].rpartition(_ABOUT)
    if not described.endswith(b","):
        return load(data), _first_about(data[8:start])
    numbers = bytearray(data[start:])
    tensors = {name: _view(numbers, dtype, shape, at)
               for name, dtype, shape, at in _places(described[1:])}
    return tensors, json.loads(about[:about.rindex(b"}")])


def _first_about(head: bytes) -> dict[str, str]:
    about: dict[str, str] = json.loads(head).get("__metadata__", {})
    return about


def _view(numbers: bytearray, dtype: torch.dtype, shape: torch.Size, at: int) -> Tensor:
    count = shape.numel()
    if not count:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(numbers, dtype=dtype, count=count, offset=at).view(shape)


@lru_cache(maxsize=64)
def _places(described: bytes) -> list[tuple[str, torch.dtype, torch.Size, int]]:
    """Return name, element type, shape and place of each tensor of a header's part."""
    kinds = {kind: dtype for dtype, kind in _KINDS.items()}
    read = json.loads(b"{" + described.rstrip(b",") + b"}")
    return [(name, kinds[each["dtype"]], torch.Size(each["shape"]), int(each["data_offsets"][0]))
            for name, each in read.items()]


def _bytes_of(tensor: Tensor) -> memoryview:
    return tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().data


@lru_cache(maxsize=64)
def _layout(kinds: tuple[Kind, ...]) -> tuple[list[str], bytes]:
    """Return the order of tensors, and the header's part about them, before what follows."""
    # As safetensors orders them: so the elements of each are aligned.
    ordered = sorted(kinds, key=lambda kind: (-kind[1].itemsize, kind[0]))
    described, start = "", 0
    for name, dtype, shape in ordered:
        end = start + shape.numel() * dtype.itemsize
        described += f"{json.dumps(name)}:" + json.dumps(
            {"dtype": _KINDS[dtype], "shape": list(shape), "data_offsets": [start, end]}) + ","
        start = end
    return [name for name, _, _ in ordered], described.encode()
