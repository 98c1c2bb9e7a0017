"""Tensors by name as one file: safetensors, which holds no code; with and without torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dnne_ros.arrays import has_torch

if TYPE_CHECKING:
    from torch import Tensor


def pack_tensors(tensors: Mapping[str, Tensor]) -> bytes:
    """Return a file with ``tensors``; ValueError for an element type that it cannot hold."""
    from safetensors import SafetensorError

    try:
        if not has_torch():
            from safetensors.numpy import save as save_arrays

            return bytes(save_arrays({name: np.ascontiguousarray(array)
                                      for name, array in tensors.items()}))
        from safetensors.torch import save

        return bytes(save({name: tensor.detach().cpu().contiguous().clone()
                           for name, tensor in tensors.items()}))
    except (SafetensorError, KeyError) as error:  # KeyError: a type it does not know
        raise ValueError(str(error)) from None


def unpack_tensors(data: bytes) -> dict[str, Tensor]:
    """Undo `pack_tensors`; ValueError for a file that is damaged or needs torch."""
    from safetensors import SafetensorError

    try:
        if not has_torch():
            from safetensors.numpy import load as load_arrays

            arrays: dict[str, Any] = load_arrays(data)
            return arrays
        from safetensors.torch import load

        return dict(load(data))
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    except KeyError as error:
        raise ValueError(f"holds elements of {error}, which are not known here") from None
