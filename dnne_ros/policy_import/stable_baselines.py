"""Models of Stable-Baselines3: what ``model.save`` writes, a .zip.

Weights are in ``policy.pth``.  ``data`` is JSON that has a pickle beside each value, which is left
alone: what is needed of a value, JSON says too.  https://stable-baselines3.readthedocs.io
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.durable_files import read_file
from dnne_ros.learning.torch_files import read_plain
from dnne_ros.policies.interface import ActionTerm
from dnne_ros.policies.network import PolicyNetwork
from dnne_ros.policy_import.action_space import Box
from dnne_ros.policy_import.state_dict import arrays_of, linear, sequential
from dnne_ros.policy_import.vec_normalize import ObservationNormalizer

_MOST_BYTES = 2**31
"""Of a member, as a small archive may unpack to any size."""
_ACTIVATIONS = {"Tanh": "tanh", "ReLU": "relu", "ELU": "elu"}
_DEFAULTS = {"squashed": "relu", "plain": "tanh"}


@dataclass(frozen=True)
class StableBaselinesModel:
    """``network`` of a model; ``box``, the bounds of its actions, None where it chooses."""

    network: PolicyNetwork
    box: Box | None

    def normalized(self, normalizer: ObservationNormalizer | None) -> StableBaselinesModel:
        """Return the model with what `VecNormalize` did before it; ValueError for a misfit."""
        if normalizer is None:
            return self
        if len(normalizer.mean) != self.network.observation_size:
            raise ValueError(f"VecNormalize is of {len(normalizer.mean)} observations, and the "
                             f"network has {self.network.observation_size}")
        return replace(self, network=replace(
            self.network, mean=normalizer.mean, deviation=normalizer.deviation,
            observation_clip=normalizer.clip))

    def commanded(self, actions: ActionTerm) -> ActionTerm:
        """Return ``actions`` with what `predict` does with the network's output."""
        if self.box is None:
            return actions
        return self.box.spread(actions) if self.network.squash else self.box.clipped(actions)


def read_stable_baselines(path: Path) -> StableBaselinesModel:
    """Return a model.

    Raises OSError if the file cannot be read, ValueError if it is no such model or none that is
    read here.
    """
    content = read_file(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            data = json.loads(_member(archive, "data").decode("utf-8"))
            packed = _member(archive, "policy.pth")
        if not isinstance(data, dict):
            raise ValueError("its data are no object")
    except Exception as error:  # whatever a damaged archive makes of zipfile
        raise ValueError(f"expected a model of Stable-Baselines3, found none: {error!s:.100}"
                         ) from None
    weights = arrays_of(read_plain(io.BytesIO(packed)))
    try:
        network = _network(weights, data)
    except KeyError as error:
        raise ValueError(f"the policy lacks {error}") from None
    return StableBaselinesModel(network, _box(data, network))


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _MOST_BYTES:
        raise ValueError(f"{name} is larger than {_MOST_BYTES >> 30} GiB")
    return archive.read(name)


def _network(weights: Mapping[str, np.ndarray], data: Mapping[str, Any]) -> PolicyNetwork:
    """Return the actor; KeyError for a layer that is missing, ValueError for other policies."""
    if foreign := sorted(name for name in weights if "features_extractor" in name
                         or name.startswith("lstm_")):
        raise ValueError(f"expected a policy of observations in a row, found {foreign[0]}")
    if "Box" not in _said(data, "observation_space", ":type:"):
        raise ValueError("expected a Box as observation space, found "
                         f"{_said(data, 'observation_space', ':type:') or 'none'}")
    layers: Callable[[], Any]
    if "action_net.weight" in weights:
        kind, layers = "plain", lambda: (*sequential(weights, "mlp_extractor.policy_net"),
                                         linear(weights, "action_net"))
    elif "actor.mu.weight" in weights:
        kind, layers = "squashed", lambda: (*sequential(weights, "actor.latent_pi"),
                                            linear(weights, "actor.mu"))
    elif any(name.startswith("actor.mu.") for name in weights):
        kind, layers = "squashed", lambda: sequential(weights, "actor.mu")
    else:
        raise ValueError("expected a policy of PPO, A2C, SAC, TD3 or DDPG, found "
                         f"{', '.join(sorted(weights))[:120]}")
    settings = data.get("policy_kwargs") or {}
    if not isinstance(settings, Mapping):
        raise ValueError(f"policy_kwargs: expected an object, found {settings!r:.40}")
    if data.get("use_sde") and (kind == "squashed" or settings.get("squash_output")):
        raise ValueError("expected a policy without state-dependent exploration, found "
                         "use_sde=True")
    network = PolicyNetwork(
        layers(), _activation(settings, _DEFAULTS[kind]), squash=kind == "squashed")
    return replace(network, choices=_choices(data, network.output_size))


def _choices(data: Mapping[str, Any], logits: int) -> tuple[int, ...]:
    """Return how many there are of each choice that an action is; ValueError if not ``logits``."""
    space = _said(data, "action_space", ":type:")
    if "multi_discrete.MultiDiscrete" not in space:
        return (logits,) if "discrete.Discrete" in space else ()
    choices = tuple(map(int, _numbers(_said(data, "action_space", "nvec"))))
    if sum(choices) != logits or min(choices) < 1:
        raise ValueError(f"expected choices of {logits} in all, found {choices}")
    return choices


def _activation(settings: Mapping[str, Any], default: str) -> str:
    """Return the name of the hidden layers' activation; ValueError for one that is unknown."""
    said = str(settings.get("activation_fn", ""))
    if not said:
        return default
    name = re.sub(r"[^A-Za-z0-9_.]", "", said.removeprefix("<class")).rpartition(".")[2]
    if name not in _ACTIVATIONS:
        raise ValueError(f"expected an activation of {', '.join(_ACTIVATIONS)}, found {name:.40}")
    return _ACTIVATIONS[name]


def _box(data: Mapping[str, Any], network: PolicyNetwork) -> Box | None:
    """Return the bounds of actions; ValueError for a space that is neither a box nor a choice."""
    kind = _said(data, "action_space", ":type:")
    if network.choices:
        return None
    if "Box" not in kind:
        raise ValueError("expected a Box, a Discrete or a MultiDiscrete as action space, found "
                         f"{kind or 'none'}")
    low, high = (_numbers(_said(data, "action_space", end)) for end in ("low", "high"))
    if not len(low) == len(high) == network.output_size:
        raise ValueError(f"expected bounds of {network.output_size} actions, found "
                         f"{len(low)} and {len(high)}")
    return Box(low, high)


def _numbers(text: str) -> np.ndarray:
    """Return the numbers of an array that numpy has written as text; ValueError if it is none."""
    return np.array([float(part) for part in re.sub(r"[\[\],]", " ", text).split()], np.float64)


def _said(data: Mapping[str, Any], name: str, part: str) -> str:
    """Return what JSON says of a value that is a pickle; "" if nothing."""
    value = data.get(name)
    return str(value.get(part, "")) if isinstance(value, Mapping) else ""
