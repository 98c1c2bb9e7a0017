"""A checkpoint's policy in onnxruntime says what it says in torch."""

import numpy as np
import pytest
import torch
from trained_policies import VARIANTS, policy_of

from dnne_ros.errors import InputError
from dnne_ros.policies.actor_critic import OnnxActorCritic


def weights_of(policy):
    return {name: tensor.numpy() for name, tensor in policy.state_dict().items()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_says_the_same(variant):
    policy = policy_of(variant)
    policy.learn_returns(torch.tensor([100.0, 300.0, -50.0]))
    observations = 3.0 * torch.randn(200, 5, generator=torch.Generator().manual_seed(2))
    wanted = policy.act(observations, torch.Generator(), deterministic=True)
    found = OnnxActorCritic(policy.spec.to_json(), weights_of(policy), "cpu").act(
        observations.numpy())
    for name in ("actions", "log_prob", "value", "mean", "std"):
        one, other = getattr(wanted, name), getattr(found, name)
        if one is None:
            assert other is None
            continue
        assert (other.dtype, other.shape) == (np.float32, tuple(one.shape)), name
        scale = max(1.0, float(one.abs().max()))
        assert np.abs(one.numpy() - other).max() <= 1e-5 * scale, name


def test_weights_of_another_shape_are_refused():
    policy = policy_of("plain")
    architecture = policy.spec.to_json() | {"hidden_sizes": [16, 9]}
    with pytest.raises(InputError, match="expected layers of"):
        OnnxActorCritic(architecture, weights_of(policy), "cpu")
