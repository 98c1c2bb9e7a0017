"""What an agent remembers for its policy, from one step to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dnne_ros.rl.captured_acting import CapturedActing
    from dnne_ros.rl.policy import ActorCritic
    from dnne_ros.rl.policy_output import PolicyOutput


class Remembering:
    """Acts with a policy step after step; ``memory`` is None at first and after a reset."""

    def __init__(self) -> None:
        """Begin without a memory."""
        self.memory: Tensor | None = None
        self._captured: CapturedActing | None = None

    def act(self, policy: ActorCritic, observations: Tensor, generator: torch.Generator, *,
            deterministic: bool, critic_observations: Tensor | None) -> PolicyOutput:
        """Return what `ActorCritic.act` does, and remember what there is to remember.

        For another number of environments than before, it begins anew.
        """
        if not policy.memory_width:
            if observations.device.type == "cuda":
                return self._acting_captured().act(
                    policy, observations, generator, deterministic=deterministic,
                    critic_observations=critic_observations)
            return policy.act(observations, generator, deterministic=deterministic,
                              critic_observations=critic_observations)
        memory = self.memory
        if memory is None or len(memory) != len(observations):
            memory = observations.new_zeros(len(observations), policy.memory_width)
        output, self.memory = policy.act_after(
            memory, observations, generator, deterministic=deterministic,
            critic_observations=critic_observations)
        return output

    def _acting_captured(self) -> CapturedActing:
        if self._captured is None:
            from dnne_ros.rl.captured_acting import CapturedActing

            self._captured = CapturedActing()
        return self._captured

    def forget(self, done: Tensor) -> None:
        """Forget environments whose episodes are ``done``, bool (n,)."""
        if self.memory is not None:
            self.memory = self.memory.masked_fill(done.bool().unsqueeze(1), 0.0)

    def reset(self) -> None:
        """Forget all."""
        self.memory = None
