"""The policy that an agent begins with: a new one, or that of a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dnne_ros.errors import InputError
from dnne_ros.learning.fitting import misfits
from dnne_ros.rl.foreign_policies import by_our_names
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.shared_policy import SharedPolicy

if TYPE_CHECKING:
    import torch


_FIRST_LAYERS = ("actor_memory.layers.weight_ih_l0", "trunk.0.weight", "actor.0.weight")


def first_policy(spec_of: Callable[[int, int], PolicySpec], observation_size: int,
                 critic_observation_size: int, weights: torch.Generator,
                 saved: tuple[PolicySpec, Mapping[str, torch.Tensor]] | None, *, inference: bool
                 ) -> SharedPolicy:
    """Return a policy for observations of so many numbers, with the weights that were ``saved``.

    ``spec_of`` says what it is like, given both sizes; a critic that sees what the actor sees has
    a size of 0.  `InputError` if there can be none, or the saved one sees something else.
    """
    if saved is None:
        try:
            return SharedPolicy(ActorCritic(
                spec_of(observation_size, critic_observation_size), weights))
        except ValueError as error:
            raise InputError("policy", [str(error)]) from None
    spec, saved_weights = saved
    if inference and not critic_observation_size:
        critic_observation_size = spec.critic_observation_size  # nobody asks the critic
    for what, known, found in (
            ("observations", spec.observation_size, observation_size),
            ("critic_observations", spec.critic_observation_size, critic_observation_size)):
        if known != found:
            raise InputError("checkpoint", [
                f"its policy sees {known} numbers of each environment, found {what} of {found}"])
    policy = ActorCritic(spec_of(observation_size, critic_observation_size), weights)
    policy.load_state_dict(saved_weights)
    return SharedPolicy(policy)


def policy_of_weights(spec_of: Callable[[int, int], PolicySpec],
                      weights: Mapping[str, torch.Tensor], shared_trunk: bool
                      ) -> tuple[PolicySpec, dict[str, torch.Tensor]]:
    """Return what another program's policy is like, and its weights by our names.

    Its first layer tells the observations' size.  `InputError` if it is none of ``spec_of``.
    """
    found = by_our_names(weights, shared_trunk)
    first = next((found[name] for name in _FIRST_LAYERS
                  if name in found and found[name].dim() == 2), None)
    spec = spec_of(1 if first is None else first.shape[1], 0)
    expected = ActorCritic(spec).state_dict()
    if lines := misfits({name: tensor.shape for name, tensor in expected.items()}, found):
        raise InputError("weights", lines)
    return spec, {name: found[name].to(tensor.dtype) for name, tensor in expected.items()}
