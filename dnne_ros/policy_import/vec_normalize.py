"""Stable-Baselines3's ``VecNormalize``, which is a pickle.

It is read only for a user who trusts the file, and even then nothing in it is run but what builds
numpy's arrays: every other class becomes a record of its attributes.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_ARRAYS = ("_reconstruct", "scalar", "ndarray", "dtype", "_frombuffer")
_NUMPY = ("numpy", "numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric",
          "numpy._core.numeric")


@dataclass(frozen=True)
class ObservationNormalizer:
    """``mean`` and ``deviation`` float64 (observation,); results are kept within ``clip``."""

    mean: np.ndarray
    deviation: np.ndarray
    clip: float


class _Record:
    """An object of a class that is not loaded: its attributes."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Take anything."""

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.__dict__.update(state)


class _RecordUnpickler(pickle.Unpickler):
    """Makes numpy's arrays, and records of everything else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what builds arrays if that is what is named; else a class of records."""
        if module in _NUMPY and name in _ARRAYS:
            return super().find_class(module, name)
        return type(name, (_Record,), {})


def read_vec_normalize(path: Path) -> ObservationNormalizer | None:
    """Return how observations are normalised; None if only rewards are.

    Raises OSError if the file cannot be read, ValueError if it is none that is understood.
    """
    with open(path, "rb") as file:
        try:
            found = _RecordUnpickler(file).load()
        except Exception as error:  # whatever damaged data make of the unpickler
            raise ValueError(f"expected a VecNormalize, found damaged data: {error!s:.200}"
                             ) from None
    try:
        if not found.norm_obs:
            return None
        mean, variance = (_array(getattr(found.obs_rms, name)) for name in ("mean", "var"))
        epsilon, clip = float(found.epsilon), float(found.clip_obs)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"expected a VecNormalize of observations in a row: {error!s:.200}"
                         ) from None
    if mean.shape != variance.shape or (variance < 0).any():
        raise ValueError("expected as many variances of at least 0 as means")
    return ObservationNormalizer(mean, np.sqrt(variance + epsilon), clip)


def _array(value: Any) -> np.ndarray:
    array = np.array(value, np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError(f"found an array of shape {array.shape}")
    return array


