"""A checkpoint's policy in onnxruntime: what `dnne_ros.rl.policy.ActorCritic` says, at rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.policies.action_law import action_law
from dnne_ros.policies.interface import ActionTerm
from dnne_ros.policies.network import network_of, value_scale
from dnne_ros.policies.onnx_file import bare_model
from dnne_ros.policies.runtimes import policy_of
from dnne_ros.policies.sessions import open_session
from dnne_ros.policies.stepped_policy import SteppedPolicy


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
        self._sees_more = bool(architecture.get("critic_observation_size"))
        self._law = action_law(architecture, weights)
        scale, mean = value_scale(architecture, weights)
        as_they_are = ActionTerm("", (), ())
        in_returns = ActionTerm("", ("value",), ("",), scale=scale, offset=mean)
        self._actor, self.runtime = _policy(
            replace(actor, choices=(), squash=False), as_they_are, runtime, warn, strict)
        self._critic, _ = _policy(critic, in_returns, self.runtime, warn, strict)

    def act(self, observations: np.ndarray, critic_observations: np.ndarray | None = None
            ) -> Answer:
        """Return the likeliest actions for float32 (n, observation size), and all about them.

        Without the ``critic_observations`` of a critic that sees others, values are 0.
        """
        outputs = self._actor(observations)
        value = np.zeros(len(observations), np.float32)
        if critic_observations is not None or not self._sees_more:
            value = self._critic(
                observations if critic_observations is None else critic_observations)[:, 0]
        actions, log_prob, std = self._law(outputs)
        return Answer(actions, log_prob, value, outputs, std)

    def forget(self, done: np.ndarray) -> None:
        """Forget what was before in the environments that are ``done``, bool (n,)."""
        self._actor.forget(done)
        self._critic.forget(done)

    def reset(self) -> None:
        """Forget all that was before."""
        self._actor.reset()
        self._critic.reset()


def _policy(network: Any, command: ActionTerm, runtime: str, warn: Callable[[str], object],
            strict: bool) -> tuple[SteppedPolicy, str]:
    try:
        model = bare_model(network, command).SerializeToString()
    except ModuleNotFoundError:
        raise InputError("runtime", ["networks are written with onnx, which is not installed: "
                                     "pip install 'dnne_ros[policy]'"]) from None
    session, found = open_session(model, runtime, strict=strict, warn=warn)
    return policy_of(session), found
