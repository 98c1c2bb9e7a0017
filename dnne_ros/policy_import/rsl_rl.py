"""Checkpoints of rsl_rl: what ``OnPolicyRunner.save`` writes, ``model_1500.pt``.

https://github.com/leggedrobotics/rsl_rl, from version 2 on.  Version 5 has a state dictionary for
the actor; earlier ones one for actor and critic, and the normaliser in it or in one of its own.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.durable_files import read_file
from dnne_ros.learning.torch_files import read_plain
from dnne_ros.policies.network import PolicyNetwork
from dnne_ros.policy_import.state_dict import arrays_of, recurrent, sequential

_EPSILON = np.float32(1e-2)
"""What `EmpiricalNormalization` adds to standard deviations."""
_DEVIATIONS = ("distribution.std_param", "distribution.log_std_param", "std", "log_std")
"""Parameters of a Gaussian whose deviation is the same for every observation."""


def read_rsl_rl(path: Path, activation: str) -> PolicyNetwork:
    """Return the actor of a checkpoint, whose hidden layers have ``activation``.

    The file does not say that one.  Raises OSError if it cannot be read, ValueError if it is no
    such checkpoint, or its actor is none that is read here.
    """
    found = read_plain(io.BytesIO(read_file(path)))
    weights, layers, memory, normalizer = _parts(found)
    if foreign := sorted({name.partition(".")[0] for name in weights if "cnn" in name}):
        raise ValueError(f"expected an actor of observations in a row, found {', '.join(foreign)}")
    try:
        mean = deviation = None
        if normalizer:
            mean = normalizer["_mean"].reshape(-1)
            deviation = normalizer["_std"].reshape(-1) + _EPSILON
        cell, memories = recurrent(weights, memory)
        network = PolicyNetwork(sequential(weights, layers), activation, mean, deviation,
                                cell=cell, recurrent=memories)
    except KeyError as error:
        raise ValueError(f"the actor lacks {error}") from None
    _check_outputs(weights, network)
    return network


def _parts(found: Any) -> tuple[dict[str, np.ndarray], str, str, dict[str, np.ndarray]]:
    """Return weights, the names of linear and of recurrent layers in them, and the normaliser."""
    if isinstance(found, Mapping) and "actor_state_dict" in found:
        weights = arrays_of(found["actor_state_dict"])
        return weights, "mlp", "rnn.rnn", _below(weights, "obs_normalizer.")
    if isinstance(found, Mapping) and "model_state_dict" in found:
        weights = arrays_of(found["model_state_dict"])
        normalizer = (arrays_of(found["obs_norm_state_dict"]) if "obs_norm_state_dict" in found
                      else _below(weights, "actor_obs_normalizer."))
        return weights, "actor", "memory_a.rnn", normalizer
    raise ValueError("expected a checkpoint of rsl_rl, found no actor_state_dict and no "
                     "model_state_dict")


def _below(weights: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in weights.items()
            if name.startswith(prefix)}


def _check_outputs(weights: Mapping[str, np.ndarray], network: PolicyNetwork) -> None:
    """Raise ValueError unless the last layer gives the mean of a Gaussian and nothing more."""
    if not network.layers:
        raise ValueError("the actor has no linear layers")
    for name in _DEVIATIONS:
        if name in weights and weights[name].shape == (network.output_size,):
            return
    raise ValueError("expected the mean of a Gaussian with one deviation for each action as what "
                     "the actor gives, found another distribution")
