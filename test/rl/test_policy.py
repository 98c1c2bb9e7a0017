"""The policy: probabilities against torch.distributions, and what a seed decides."""

import copy
import json
import subprocess
import sys

import pytest
import torch
from torch.distributions import Categorical, Independent, Normal

from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec

CONTINUOUS = PolicySpec(4, 2, (8, 8), "tanh", False, -0.5)
DISCRETE = PolicySpec(4, 3, (8,), "relu", True, 0.0)


def generator(seed=0):
    """Return a seeded generator."""
    made = torch.Generator()
    made.manual_seed(seed)
    return made


def observations(n=6, size=4):
    """Return random observations."""
    return torch.randn(n, size, generator=generator(9))


@pytest.mark.parametrize("spec", [CONTINUOUS, DISCRETE, PolicySpec(1, 1, ())])
def test_spec_survives_json(spec):
    assert PolicySpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_spec_refuses_what_makes_no_network():
    with pytest.raises(ValueError, match="activation: expected one of relu, tanh, elu, found 'x'"):
        PolicySpec(4, 1, (8,), "x")
    with pytest.raises(ValueError, match="expected sizes from 1"):
        PolicySpec(4, 1, (8, 0))


@pytest.mark.parametrize("spec", [CONTINUOUS, DISCRETE])
def test_the_seed_decides_weights_and_actions(spec):
    one, same, other = (ActorCritic(spec, generator(seed)) for seed in (1, 1, 2))
    for name, weight in one.state_dict().items():
        assert torch.equal(weight, same.state_dict()[name])
    assert any(not torch.equal(weight, other.state_dict()[name])
               for name, weight in one.state_dict().items())
    acts = [one.act(observations(), generator(seed)).actions for seed in (3, 3, 4)]
    assert torch.equal(acts[0], acts[1])
    assert not torch.equal(acts[0], acts[2])


def test_continuous_actions():
    policy = ActorCritic(CONTINUOUS, generator())
    output = policy.act(observations(), generator())
    assert output.actions.shape == output.mean.shape == output.std.shape == (6, 2)
    assert output.value.shape == output.log_prob.shape == (6,)
    expected = Independent(Normal(output.mean, output.std), 1)
    assert torch.allclose(output.log_prob, expected.log_prob(output.actions), atol=1e-6)
    assert torch.allclose(output.std, torch.full((6, 2), -0.5).exp())
    assert not output.actions.requires_grad


def test_continuous_samples_have_the_given_mean_and_width():
    policy = ActorCritic(CONTINUOUS, generator())
    output = policy.act(torch.ones(20_000, 4), generator())
    assert torch.allclose(output.actions.mean(0), output.mean[0], atol=0.02)
    assert torch.allclose(output.actions.std(0), output.std[0], atol=0.02)


def test_discrete_actions():
    policy = ActorCritic(DISCRETE, generator())
    output = policy.act(observations(), generator())
    assert output.actions.shape == (6, 1)
    assert output.actions.dtype == torch.float32
    assert output.mean.shape == (6, 3)
    assert output.std is None
    expected = Categorical(logits=output.mean).log_prob(output.actions[:, 0])
    assert torch.allclose(output.log_prob, expected, atol=1e-6)


@pytest.mark.parametrize("spec", [CONTINUOUS, DISCRETE])
def test_deterministic_actions_are_the_likeliest_and_draw_nothing(spec):
    policy = ActorCritic(spec, generator())
    draws = generator()
    before = draws.get_state()
    output = policy.act(observations(), draws, deterministic=True)
    assert torch.equal(draws.get_state(), before)
    expected = output.mean.argmax(-1, keepdim=True).float() if spec.discrete else output.mean
    assert torch.equal(output.actions, expected)


@pytest.mark.parametrize("spec", [CONTINUOUS, DISCRETE])
def test_evaluate_agrees_with_act(spec):
    policy = ActorCritic(spec, generator())
    output = policy.act(observations(), generator())
    log_prob, entropy, value, mean, std = policy.evaluate(output.observations, output.actions)
    assert torch.equal(log_prob, output.log_prob)
    assert torch.equal(value, output.value)
    assert torch.equal(mean, output.mean)
    if spec.discrete:
        assert std is None
        expected = Categorical(logits=mean).entropy()
    else:
        expected = Independent(Normal(mean, std.expand_as(mean)), 1).entropy()
    assert torch.allclose(entropy.expand_as(expected), expected, atol=1e-6)
    (log_prob.sum() + entropy.sum() + value.sum()).backward()
    assert all(weight.grad is not None for weight in policy.parameters())


def test_first_actions_are_centred():
    output = ActorCritic(CONTINUOUS, generator()).act(observations(100), generator())
    assert output.mean.abs().max() < 0.1


def test_observations_of_another_size_are_refused():
    policy = ActorCritic(CONTINUOUS, generator())
    with pytest.raises(ValueError, match=r"expected observations \(environments, 4\), "
                                         r"found \(6, 3\)"):
        policy.act(torch.zeros(6, 3), generator())


def test_making_and_training_a_policy_loads_no_compiler():
    code = ("import sys, torch\n"
            "from dnne_ros.learning.eager_optimizers import Adam\n"
            "from dnne_ros.rl.policy import ActorCritic, PolicySpec\n"
            "policy = ActorCritic(PolicySpec(4, 1), torch.Generator())\n"
            "before = torch.get_rng_state()\n"
            "ActorCritic(PolicySpec(4, 1), torch.Generator())\n"
            "assert torch.equal(before, torch.get_rng_state())\n"
            "optimizer = Adam(policy.parameters(), 0.1, fused=True)\n"
            "policy.actor(torch.ones(3, 4)).sum().backward()\n"
            "optimizer.step()\n"
            "print(sorted({'torch._dynamo', 'triton', 'sympy'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stdout + done.stderr


@pytest.mark.parametrize("std_type", ["log", "scalar"])
def test_it_acts_with_the_deviation_of_now_however_that_has_changed(std_type):
    policy = ActorCritic(PolicySpec(3, 2, (8,), std_type=std_type))
    observations = torch.randn(5, 3)

    def acted(of):
        output = of.act(observations, torch.Generator().manual_seed(0))
        return output.std[0], output.log_prob

    def check():
        fresh = ActorCritic(policy.spec)
        fresh.load_state_dict(policy.state_dict())
        for found, expected in zip(acted(policy), acted(fresh), strict=True):
            assert torch.equal(found, expected)

    learned = policy.log_std if std_type == "log" else policy.std
    check()
    with torch.no_grad():
        learned.mul_(0.5)
    check()
    learned.data = learned.data + 0.25
    check()
    learned.data.view(-1)[1] = 0.125
    check()
    policy.load_state_dict(ActorCritic(policy.spec).state_dict())
    check()
    assert torch.equal(acted(copy.deepcopy(policy))[1], acted(policy)[1])
