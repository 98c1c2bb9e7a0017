"""What ports carry, as messages are made of it, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.arrays import as_tensor, is_tensor
from dnne_ros.node_api.port_types import tensor_to_array

if TYPE_CHECKING:
    import numpy as np

DTYPES = ("float32", "float64", "int64", "as_sent")
"""Element types of tensors that come of messages; ``as_sent``: the message's own."""


def plain(value: Any) -> Any:
    """Return a value with numpy arrays for tensors and numbers; text as it is."""
    import numpy as np

    if isinstance(value, (str, Mapping)):
        return value
    value = getattr(value, "actions", value)  # of a policy's output
    return tensor_to_array(value).data if is_tensor(value) else np.asarray(value)


def tensors_in(value: Any) -> Any:
    """Return a dictionary with its numpy arrays as tensors."""
    import numpy as np

    if isinstance(value, dict):
        return {name: tensors_in(part) for name, part in value.items()}
    if isinstance(value, list):
        return [tensors_in(part) for part in value]
    return as_tensor(value) if isinstance(value, np.ndarray) else value


def in_dtype(numbers: np.ndarray, dtype: str) -> np.ndarray:
    """Return numbers with one of `DTYPES` as element type."""
    return numbers if dtype == "as_sent" or numbers.dtype == dtype else numbers.astype(dtype)
