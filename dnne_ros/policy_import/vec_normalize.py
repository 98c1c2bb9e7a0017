"""Stable-Baselines3's ``VecNormalize``, which is a pickle.

It is read only for a user who trusts the file, and even then nothing that it names is loaded or
called: every class and function becomes a record of what it was given, and arrays are made from
the bytes in such records.  (Not even numpy's own functions are called: a damaged pickle can make
them change what ``float64`` means in the whole process.)
"""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.durable_files import read_file

_TYPES = ("f8", "f4")


@dataclass(frozen=True)
class ObservationNormalizer:
    """``mean`` and ``deviation`` float64 (observation,); results are kept within ``clip``."""

    mean: np.ndarray
    deviation: np.ndarray
    clip: float


class _Record:
    """What a pickle says of an object: the arguments that it was made with, and its state."""

    def __init__(self, *given: Any):
        """Note the arguments."""
        self.given = given
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _RecordUnpickler(pickle.Unpickler):
    """Makes records of all that is not plain values."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class of records, whatever is named."""
        return type(name, (_Record,), {})


def read_vec_normalize(path: Path) -> ObservationNormalizer | None:
    """Return how observations are normalised; None if only rewards are.

    Raises OSError if the file cannot be read, ValueError if it is none that is understood.
    """
    content = read_file(path)
    try:
        found = _RecordUnpickler(io.BytesIO(content)).load()
    except Exception as error:  # whatever damaged data make of the unpickler
        raise ValueError(f"expected a VecNormalize, found damaged data: {error!s:.200}"
                         ) from None
    try:
        state = found.state
        if not state["norm_obs"]:
            return None
        mean, variance = (_array(state["obs_rms"].state[name]) for name in ("mean", "var"))
        epsilon, clip = float(state["epsilon"]), float(state["clip_obs"])
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"expected a VecNormalize of observations in a row: {error!s:.200}"
                         ) from None
    if mean.shape != variance.shape or (variance < 0).any():
        raise ValueError("expected as many variances of at least 0 as means")
    return ObservationNormalizer(mean, np.sqrt(variance + epsilon), clip)


def _array(record: _Record) -> np.ndarray:
    """Return the array (n,) that numpy has pickled; ValueError or TypeError if it is none."""
    if type(record).__name__ == "_frombuffer":  # of pickle protocol 5
        data, type_of, shape = record.given[:3]
    else:
        _, shape, type_of, _, data = record.state
    kind, order = type_of.given[0], type_of.state[1]
    if kind not in _TYPES or order != "<" or len(shape) != 1:
        raise ValueError(f"found an array of {kind!s:.10} and shape {shape!s:.40}")
    array = np.frombuffer(bytes(data), f"<{kind}").astype(np.float64)
    if array.shape != tuple(shape) or not np.isfinite(array).all():
        raise ValueError(f"found an array of {array.size} numbers for {shape}")
    return array
