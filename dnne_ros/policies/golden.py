"""``golden.npz``: observations with the actions that the policy gave where it was trained.

Rows (256, size) of a policy that sees only the present; sequences (16, 16, size) of one that
carries something along, each of which begins with a reset.
"""

from __future__ import annotations

import io

import numpy as np

from dnne_ros.policies.interface import Interface
from dnne_ros.policies.network import PolicyNetwork
from dnne_ros.policies.stepped_policy import Act, SteppedPolicy

COUNT = 256
STEPS = 16
"""In a sequence."""
TOLERANCE = 1e-5
"""Of an action's scale: what two orders of the same float32 additions may differ by."""

_SEED = 0
_WIDTHS = (0.1, 1.0, 3.0)
"""Standard deviations that are drawn, in turn: near rest, as trained, and beyond."""


def golden_vectors(act: Act, network: PolicyNetwork) -> bytes:
    """Return the file: ``observations`` and ``actions``, float32.

    ``act`` is the policy as it was trained; of a recurrent network it takes observations
    (sequences, steps, size).  They are drawn around what it has seen, in its own deviations, if it
    knows them; the first is where all is at rest.
    """
    observations = drawn_observations(network.observation_size)
    if network.mean is not None and network.deviation is not None:
        numbers = observations[:, :network.numbers]
        numbers[:] = numbers * network.deviation + network.mean
    observations[0] = 0.0
    if network.recurrent:
        observations = observations.reshape(-1, STEPS, network.observation_size)
    return golden_file(observations, act(observations))


def drawn_observations(size: int) -> np.ndarray:
    """Return observations float32 (256, size) around zero, the first of them zero."""
    draws = np.random.default_rng(_SEED)
    observations = draws.standard_normal((COUNT, size), np.float32)
    observations *= np.resize(np.array(_WIDTHS, np.float32), COUNT)[:, None]
    observations[0] = 0.0
    return observations


def golden_file(observations: np.ndarray, actions: np.ndarray) -> bytes:
    """Return the file's content; ValueError for actions that are not finite."""
    if not np.isfinite(actions).all():
        raise ValueError("it gives actions that are not finite")
    written = io.BytesIO()
    np.savez(written, observations=observations, actions=actions)
    return written.getvalue()


def read_golden(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return ``observations`` and ``actions`` of a file; ValueError if it is none."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            observations, actions = found["observations"], found["actions"]
    except Exception as error:  # whatever a damaged archive makes of numpy and zipfile
        raise ValueError(f"no golden vectors: {error}") from None
    if observations.dtype != np.float32 or actions.dtype != np.float32 \
            or observations.ndim not in (2, 3) or observations.shape[:-1] != actions.shape[:-1]:
        raise ValueError("no golden vectors: expected float32 (rows, size) or (sequences, steps, "
                         f"size) twice, found {observations.dtype} {observations.shape} and "
                         f"{actions.dtype} {actions.shape}")
    return observations, actions


def replay(policy: SteppedPolicy, observations: np.ndarray) -> np.ndarray:
    """Return a policy's actions for golden observations, with a reset before each sequence."""
    policy.reset()
    if observations.ndim == 2 and not policy.is_for_one:
        return policy(observations)
    sequences = observations if observations.ndim == 3 else observations[:, None]
    actions = []
    for sequence in sequences:
        policy.reset()
        actions.append(np.concatenate([policy(row) for row in sequence[:, None]]))
    return np.stack(actions).reshape(*observations.shape[:-1], -1)


def action_scale(golden: np.ndarray, interface: Interface) -> np.ndarray:
    """Return the scale of each action, float64 (columns,).

    Where the interface has none, it is the largest of the ``golden`` actions, at least 1.
    """
    if interface.actions.scale is not None:
        return np.abs(np.array(interface.actions.scale, np.float64))
    columns = golden.reshape(-1, golden.shape[-1]).astype(np.float64)
    return np.asarray(np.abs(columns).max(axis=0, initial=1.0))


def deviation(actions: np.ndarray, golden: np.ndarray, interface: Interface) -> float:
    """Return the largest difference of arrays (…, columns), in units of the action's scale."""
    difference = np.abs(actions.astype(np.float64) - golden) / action_scale(golden, interface)
    return float(difference.max(initial=0.0)) if np.isfinite(difference).all() else float("inf")
