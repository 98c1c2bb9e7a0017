"""``golden.npz``: observations with the actions that torch gave for them."""

from __future__ import annotations

import io

import numpy as np

from dnne_ros.policies.interface import Interface
from dnne_ros.policies.network import PolicyNetwork
from dnne_ros.policies.runtimes import Act

COUNT = 256
TOLERANCE = 1e-5
"""Of an action's scale: what two orders of the same float32 additions may differ by."""

_SEED = 0
_WIDTHS = (0.1, 1.0, 3.0)
"""Standard deviations that are drawn, in turn: near rest, as trained, and beyond."""


def golden_vectors(act: Act, network: PolicyNetwork) -> bytes:
    """Return the file: ``observations`` and ``actions``, float32 (256, size) each.

    ``act`` is the policy as it was trained.  Observations are drawn around what it has seen, in
    its own deviations, if it knows them; the first is where all is at rest.
    """
    draws = np.random.default_rng(_SEED)
    observations = draws.standard_normal((COUNT, network.observation_size), np.float32)
    observations *= np.resize(np.array(_WIDTHS, np.float32), COUNT)[:, None]
    if network.mean is not None and network.deviation is not None:
        observations = observations * network.deviation + network.mean
    observations[0] = 0.0
    written = io.BytesIO()
    np.savez(written, observations=observations, actions=act(observations))
    return written.getvalue()


def read_golden(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return ``observations`` and ``actions`` of a file; ValueError if it is none."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            observations, actions = found["observations"], found["actions"]
    except Exception as error:  # whatever a damaged archive makes of numpy and zipfile
        raise ValueError(f"no golden vectors: {error}") from None
    if observations.dtype != np.float32 or actions.dtype != np.float32 \
            or observations.ndim != 2 or actions.ndim != 2 or len(observations) != len(actions):
        raise ValueError("no golden vectors: expected float32 (rows, size) twice, found "
                         f"{observations.dtype} {observations.shape} and {actions.dtype} "
                         f"{actions.shape}")
    return observations, actions


def deviation(actions: np.ndarray, golden: np.ndarray, interface: Interface) -> float:
    """Return the largest difference of two arrays (n, columns), in units of the action's scale."""
    scale = np.abs(np.array(interface.actions.scale or 1.0, np.float64))
    difference = np.abs(actions.astype(np.float64) - golden) / scale
    return float(difference.max(initial=0.0)) if np.isfinite(difference).all() else float("inf")
