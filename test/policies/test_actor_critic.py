"""A checkpoint's policy in onnxruntime says what it says in torch."""

import numpy as np
import pytest
import torch
from trained_policies import OTHER_ACTIONS, REMEMBERING, SEEING, VARIANTS, policy_of

from dnne_ros.errors import InputError
from dnne_ros.policies.actor_critic import OnnxActorCritic


def weights_of(policy):
    return {name: tensor.numpy() for name, tensor in policy.state_dict().items()}


def assert_same(wanted, found, log_prob=1e-5):
    for name in ("actions", "log_prob", "value", "mean", "std"):
        one, other = getattr(wanted, name), getattr(found, name)
        if one is None:
            assert other is None
            continue
        assert (other.dtype, other.shape) == (np.float32, tuple(one.shape)), name
        scale = max(1.0, float(one.abs().max()))
        tolerance = log_prob if name == "log_prob" else 1e-5
        assert np.abs(one.numpy() - other).max() <= tolerance * scale, name


@pytest.mark.parametrize("variant", [*VARIANTS, *OTHER_ACTIONS, *SEEING])
def test_it_says_the_same(variant):
    policy = policy_of(variant)
    policy.learn_returns(torch.tensor([100.0, 300.0, -50.0]))
    observations = 3.0 * torch.randn(200, 5, generator=torch.Generator().manual_seed(2))
    wanted = policy.act(observations, torch.Generator(), deterministic=True)
    found = OnnxActorCritic(policy.spec.to_json(), weights_of(policy), "cpu").act(
        observations.numpy())
    # Near ±1 a squashed action says little of what it was before.
    assert_same(wanted, found, log_prob=1e-3 if variant == "squashed" else 1e-5)


@pytest.mark.parametrize("variant", REMEMBERING)
def test_it_remembers_and_forgets_the_same(variant):
    policy = policy_of(variant)
    generator = torch.Generator().manual_seed(2)
    memory = torch.zeros(4, policy.memory_width)
    onnx = OnnxActorCritic(policy.spec.to_json(), weights_of(policy), "cpu")
    sees_more = policy.spec.critic_observation_size > 0
    for step in range(6):
        observations, privileged = torch.randn(2, 4, 7, generator=generator)
        observations, privileged = observations[:, :5], privileged if sees_more else None
        wanted, memory = policy.act_after(memory, observations, generator, deterministic=True,
                                          critic_observations=privileged)
        found = onnx.act(observations.numpy(), None if privileged is None else privileged.numpy())
        assert_same(wanted, found)
        done = torch.tensor([step == 1, False, step == 3, True])
        memory = memory.masked_fill(done.unsqueeze(1), 0.0)
        onnx.forget(done.numpy())
    assert memory[1].any() and not memory[3].any()
    onnx.reset()
    first = onnx.act(observations.numpy())
    again, _ = policy.act_after(torch.zeros_like(memory), observations, generator,
                                deterministic=True)
    assert np.abs(again.actions.numpy() - first.actions).max() <= 1e-5
    assert sees_more == (not first.value.any())


def test_weights_of_another_shape_are_refused():
    policy = policy_of("plain")
    architecture = policy.spec.to_json() | {"hidden_sizes": [16, 9]}
    with pytest.raises(InputError, match="expected layers of"):
        OnnxActorCritic(architecture, weights_of(policy), "cpu")
