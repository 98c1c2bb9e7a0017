"""Tensors as safetensors bytes, for those that are sent again and again with other numbers.

What `safetensors.torch.save` finds out each time, their layout, is found out once here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor

_KINDS = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint8: "U8", torch.bool: "BOOL",
}
_ALIGNMENT = 8

Kind = tuple[str, torch.dtype, torch.Size]


def pack_tensors(tensors: Mapping[str, Tensor], about: Mapping[str, str]) -> bytes:
    """Return dense ``tensors`` and what is to be said ``about`` them, as `safetensors` reads it.

    Raises KeyError for an element type that is not among those of networks.
    """
    order, described = _layout(tuple(
        (name, tensor.dtype, tensor.shape) for name, tensor in tensors.items()))
    head = f'{{"__metadata__":{json.dumps(about)}{described}}}'.encode()
    head += b" " * (-len(head) % _ALIGNMENT)
    return b"".join((len(head).to_bytes(8, "little"), head,
                     *(_bytes_of(tensors[name]) for name in order)))


def _bytes_of(tensor: Tensor) -> memoryview:
    return tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().data


@lru_cache(maxsize=64)
def _layout(kinds: tuple[Kind, ...]) -> tuple[list[str], str]:
    """Return the order of tensors, and the header's part about them, behind a comma."""
    # As safetensors orders them: so the elements of each are aligned.
    ordered = sorted(kinds, key=lambda kind: (-kind[1].itemsize, kind[0]))
    described, start = "", 0
    for name, dtype, shape in ordered:
        end = start + shape.numel() * dtype.itemsize
        described += f",{json.dumps(name)}:" + json.dumps(
            {"dtype": _KINDS[dtype], "shape": list(shape), "data_offsets": [start, end]})
        start = end
    return [name for name, _, _ in ordered], described
