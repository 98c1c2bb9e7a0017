"""Weights in files of `torch.save`, read without running what a pickle may hold."""

from __future__ import annotations

import io
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from dnne_ros.durable_files import read_file

_WRAPPED_AS = ("model_state_dict", "state_dict", "model")


def read_torch_file(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a state dictionary by name, on the CPU.

    Only tensors and plain values are read: torch's weights-only reader.  A dictionary that holds
    the state dictionary, as training scripts save it beside an optimizer's, is opened.  Raises
    OSError if the file cannot be read, ValueError if it holds anything else.
    """
    found = read_plain(io.BytesIO(read_file(path)))
    for name in _WRAPPED_AS:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    if not _is_state(found):
        raise ValueError(f"expected tensors by name, found {_said(found)}")
    return dict(found)


def read_plain(file: BinaryIO) -> Any:
    """Return what `torch.save` wrote, tensors on the CPU, by torch's weights-only reader.

    Raises ValueError if it holds more than tensors and plain values.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is refused below
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise ValueError("expected tensors alone, found objects whose loading would run "
                         "code") from None
    except (RuntimeError, EOFError, ValueError, KeyError, AttributeError, TypeError) as error:
        said = " ".join(str(error).split())[:200] or "it ends too early"
        raise ValueError(f"expected a file of torch.save, found damaged data: {said}"
                         ) from None


def _is_state(found: Any) -> bool:
    return isinstance(found, Mapping) and bool(found) and all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in found.items())


def _said(found: Any) -> str:
    if not isinstance(found, Mapping):
        return type(found).__name__
    return f"a dictionary with {', '.join(map(repr, list(found)[:5]))}" if found \
        else "an empty dictionary"
