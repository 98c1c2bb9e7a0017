"""The agent's policy in onnxruntime: it acts, and never learns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.arrays import as_array, as_tensor
from dnne_ros.node_api.health import Health
from dnne_ros.nodes.policies.policy_health import PolicyHealth

if TYPE_CHECKING:
    from torch import Tensor

    from dnne_ros.rl.policy_output import PolicyOutput


class FrozenAgent:
    """Gives the likeliest actions of a saved policy."""

    def __init__(self, architecture: Mapping[str, Any], weights: Mapping[str, Tensor],
                 runtime: str, health: Health, warn: Callable[[str], object], *,
                 strict: bool = False):
        """Put a saved policy into onnxruntime; `InputError` if that cannot be done.

        ``runtime``, ``warn`` and ``strict`` are those of `open_session`.
        """
        from dnne_ros.policies.actor_critic import OnnxActorCritic

        self._policy = OnnxActorCritic(
            architecture, {name: as_array(tensor) for name, tensor in weights.items()},
            runtime, warn, strict=strict)
        self._health = PolicyHealth(health, self._policy.runtime, "")

    def act(self, observations: Tensor, critic_observations: Tensor | None = None
            ) -> PolicyOutput:
        """Return what the policy says of observations (n, size); ValueError for another size.

        Without the ``critic_observations`` of a critic that sees others, values are 0.
        """
        from dnne_ros.rl.policy_output import PolicyOutput

        size = self._policy.observation_size
        if observations.ndim != 2 or observations.shape[1] != size:
            raise ValueError(f"expected observations (environments, {size}), found "
                             f"{tuple(observations.shape)}")
        before = time.perf_counter()
        said = self._policy.act(
            as_array(observations),
            None if critic_observations is None else as_array(critic_observations))
        self._health.acted(time.perf_counter() - before)
        return PolicyOutput(
            observations, as_tensor(said.actions), as_tensor(said.log_prob),
            as_tensor(said.value), as_tensor(said.mean),
            None if said.std is None else as_tensor(said.std), critic_observations)

    def forget(self, done: Tensor) -> None:
        """Forget what was before in the environments that are ``done``, bool (n,)."""
        self._policy.forget(as_array(done).astype(bool))

    def reset(self) -> None:
        """Forget all that was before."""
        self._policy.reset()
