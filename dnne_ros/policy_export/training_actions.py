"""What the graph commanded in training, for observations of one's choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dnne_ros.policies.interface import ActionTerm
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec


def training_actions(architecture: Mapping[str, Any], weights: Mapping[str, Tensor],
                     actions: ActionTerm) -> Callable[[np.ndarray], np.ndarray]:
    """Return what gives commands float32 (n, size) for observations float32 (n, size), in torch.

    Of a policy with a memory: (sequences, steps, size), each from its beginning.  A saved
    `ActorCritic` chooses its likeliest action, and the node behind it clamps and scales.
    """
    policy = ActorCritic(PolicySpec.from_json(dict(architecture)))
    policy.load_state_dict(dict(weights))

    def act(observations: np.ndarray) -> np.ndarray:
        command = _likeliest(policy, torch.from_numpy(observations))
        if actions.clip is not None:
            command = command.clamp(*actions.clip)
        if actions.scale is not None:
            command = command * torch.tensor(actions.scale)
        if actions.offset is not None:
            command = command + torch.tensor(actions.offset)
        return np.asarray(command.numpy())

    return act


def _likeliest(policy: ActorCritic, observations: Tensor) -> Tensor:
    generator = torch.Generator()
    if not policy.memory_width:
        return policy.act(observations, generator, deterministic=True).actions
    memory = torch.zeros(len(observations), policy.memory_width)
    actions = []
    for step in observations.unbind(1):
        output, memory = policy.act_after(memory, step, generator, deterministic=True)
        actions.append(output.actions)
    return torch.stack(actions, 1)
