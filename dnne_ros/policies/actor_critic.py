"""A checkpoint's policy in onnxruntime: what `dnne_ros.rl.policy.ActorCritic` says, at rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.policies.interface import ActionTerm
from dnne_ros.policies.network import network_of, value_scale
from dnne_ros.policies.onnx_file import bare_model
from dnne_ros.policies.runtimes import policy_of
from dnne_ros.policies.sessions import open_session
from dnne_ros.policies.stepped_policy import SteppedPolicy

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True, eq=False)
class Answer:
    """What it says of n observations: the parts of a policy's output, float32 (n, …) each."""

    actions: np.ndarray
    log_prob: np.ndarray
    value: np.ndarray
    mean: np.ndarray
    std: np.ndarray | None


class OnnxActorCritic:
    """The likeliest actions of a saved policy, and what it expects of them."""

    def __init__(self, architecture: Mapping[str, Any], weights: Mapping[str, np.ndarray],
                 runtime: str, warn: Callable[[str], object] = lambda _: None, *,
                 strict: bool = False):
        """Put the saved ``weights``, by torch's names, into onnxruntime.

        ``runtime``, ``warn`` and ``strict`` are those of `open_session`.  Raises
        `InputError` for weights that do not fit ``architecture``, and where onnx or onnxruntime is
        missing.
        """
        try:
            actor = network_of(architecture, weights)
            critic = network_of(architecture, weights, "critic")
        except ValueError as error:
            raise InputError("policy", [str(error)]) from None
        self.observation_size = actor.observation_size
        self._log_std = None if actor.discrete else np.asarray(weights["log_std"], np.float32)
        scale, mean = value_scale(architecture, weights)
        as_they_are = ActionTerm("", (), ())
        in_returns = ActionTerm("", ("value",), ("",), scale=scale, offset=mean)
        self._actor, self.runtime = _policy(
            replace(actor, discrete=False), as_they_are, runtime, warn, strict)
        self._critic, _ = _policy(critic, in_returns, self.runtime, warn, strict)

    def act(self, observations: np.ndarray) -> Answer:
        """Return the likeliest actions for float32 (n, observation size), and all about them."""
        mean = self._actor(observations)
        value = self._critic(observations)[:, 0]
        if self._log_std is None:
            choices = mean.argmax(axis=1, keepdims=True)
            above = mean - mean.max(axis=1, keepdims=True)
            log_probs = above - np.log(np.exp(above).sum(axis=1, keepdims=True))
            return Answer(choices.astype(np.float32),
                          np.take_along_axis(log_probs, choices, axis=1)[:, 0], value, mean, None)
        log_prob = -(self._log_std.sum() + np.float32(self._log_std.size * _HALF_LOG_2PI))
        return Answer(mean, np.full(len(mean), log_prob, np.float32), value, mean,
                      np.tile(np.exp(self._log_std), (len(mean), 1)))


def _policy(network: Any, command: ActionTerm, runtime: str, warn: Callable[[str], object],
            strict: bool) -> tuple[SteppedPolicy, str]:
    try:
        model = bare_model(network, command).SerializeToString()
    except ModuleNotFoundError:
        raise InputError("runtime", ["networks are written with onnx, which is not installed: "
                                     "pip install 'dnne_ros[policy]'"]) from None
    session, found = open_session(model, runtime, strict=strict, warn=warn)
    return policy_of(session), found
