"""The numbers that ports carry: tensors of torch, or numpy's arrays where torch is not installed.

Which of the two is one fact for a whole machine.  A node that makes them with `as_tensor`, reads
them with `as_array`, and uses of them what both kinds have in common (``shape``, ``ndim``,
``clip``, indexing, arithmetic with numbers) is written once and runs with and without torch.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


@cache
def has_torch() -> bool:
    """Tell whether torch is installed; it is not imported for that."""
    return importlib.util.find_spec("torch") is not None


_FEW = 64

MODULES: tuple[str, ...] = ("torch",) if has_torch() else ()
"""What making and reading tensors imports."""


def is_tensor(value: Any) -> bool:
    """Tell whether ``value`` is what ports carry as a tensor."""
    return hasattr(value, "detach") if has_torch() else isinstance(value, np.ndarray)


def as_tensor(array: np.ndarray) -> Tensor:
    """Return the numbers of ``array`` as a tensor that the caller may write to.

    It is the same memory, unless that is read-only.
    """
    writeable = array if array.flags.writeable else array.copy()
    if not has_torch():
        return writeable  # type: ignore[return-value]
    import torch

    return torch.from_numpy(writeable)


def as_array(tensor: Tensor) -> np.ndarray:
    """Return a tensor's numbers, in its own memory where that is the CPU's.

    TypeError for an element type that numpy has not.
    """
    if isinstance(tensor, np.ndarray):
        return tensor
    return np.asarray(tensor.detach().cpu().numpy())


def as_doubles(tensor: Tensor) -> np.ndarray:
    """Return a tensor's numbers as float64 of the same shape, in memory of their own."""
    if isinstance(tensor, np.ndarray):
        return tensor.astype(np.float64)
    return np.array(tensor.detach().cpu().double().numpy())


def tensor_of(numbers: Sequence[Any], dtype: str, shape: Sequence[int]) -> Tensor | None:
    """Return ``numbers``, all in a row, as a tensor; None if nothing is called ``dtype``."""
    if not has_torch():
        try:
            kind = np.dtype(dtype)
        except TypeError:
            return None
        return np.array(numbers, kind).reshape(shape)  # type: ignore[return-value]
    import torch

    found = getattr(torch, dtype, None)
    if not isinstance(found, torch.dtype):
        return None
    return torch.tensor(numbers, dtype=found).reshape(tuple(shape))


def converted(tensor: Tensor, dtype: str) -> Tensor:
    """Return a tensor's numbers as elements of another type, ``float32``."""
    if isinstance(tensor, np.ndarray):
        return tensor.astype(dtype)
    import torch

    return tensor.to(getattr(torch, dtype))


def dtype_name(tensor: Tensor) -> str:
    """Return the name of a tensor's element type: ``float32``."""
    return str(tensor.dtype).removeprefix("torch.")


def joined(parts: Sequence[Tensor], axis: int) -> Tensor:
    """Return tensors as one, along ``axis``; their other axes are of equal lengths."""
    if not has_torch():
        return np.concatenate(parts, axis)  # type: ignore[return-value]
    import torch

    return torch.cat(list(parts), axis)


def zeros_like(tensor: Tensor) -> Tensor:
    """Return zeros of a tensor's shape and element type, where it is."""
    if isinstance(tensor, np.ndarray):
        return np.zeros_like(tensor)
    return tensor.new_zeros(tensor.shape)


def detached(tensor: Tensor) -> Tensor:
    """Return a tensor's numbers without a gradient, in its own memory."""
    return tensor if isinstance(tensor, np.ndarray) else tensor.detach()


def is_on_cpu(tensor: Tensor) -> bool:
    """Tell whether the CPU has a tensor's numbers."""
    return isinstance(tensor, np.ndarray) or tensor.device.type == "cpu"


def is_finite(tensor: Tensor) -> bool:
    """Tell whether no number is NaN or infinite."""
    if isinstance(tensor, np.ndarray):
        return all_finite_in(tensor)
    return (not tensor.is_floating_point() or math.isfinite(tensor.sum().item())
            or bool(tensor.isfinite().all()))


def all_finite_in(array: np.ndarray) -> bool:
    """Tell whether no number of an array is NaN or infinite.

    Of a few numbers their sum, which is not finite either, is found in a fraction of the time; it
    may overflow where all are finite.
    """
    if array.dtype.kind != "f":
        return True
    if array.size <= _FEW and math.isfinite(sum(array.ravel().tolist())):
        return True
    return bool(np.isfinite(array).all())


def first_not_finite(tensors: Iterable[tuple[str, Tensor]]) -> str | None:
    """Return the name of the first tensor with a number that is not finite, or None."""
    return next((name for name, tensor in tensors if not is_finite(tensor)), None)
