"""The gradient that is written out, against the one of autograd."""

from dataclasses import replace

import pytest
import torch

from dnne_ros.learning.flat_parameters import FlatParameters
from dnne_ros.rl.loss_gradient import AutogradGradient
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.ppo_config import PPOConfig
from dnne_ros.rl.rollout import Minibatch
from dnne_ros.rl.written_gradient import WrittenGradient

SPEC = PolicySpec(3, 2, (8, 5), "elu", False, -0.5)
CONFIG = PPOConfig(entropy_coef=0.02, clip_param=0.15)
SPECS = {
    "elu": SPEC,
    "tanh": replace(SPEC, activation="tanh"),
    "relu": replace(SPEC, activation="relu"),
    "no hidden layer": replace(SPEC, hidden_sizes=()),
    "one action": replace(SPEC, action_size=1),
    "other layers of the critic": replace(SPEC, critic_hidden_sizes=(7,)),
    "trunk": replace(SPEC, shared_trunk=True),
    "standard deviation": replace(SPEC, std_type="scalar"),
    "normalised": replace(SPEC, normalize_observations=True, normalize_values=True),
    "asymmetric": replace(SPEC, critic_observation_size=4, normalize_observations=True),
}
CONFIGS = {
    "plain": CONFIG,
    "values clipped": replace(CONFIG, clip_value_loss=True),
    "bounds": replace(CONFIG, bounds_loss_coef=0.3),
}


def draws(seed=0):
    """Return a seeded generator."""
    generator = torch.Generator()
    generator.manual_seed(seed)
    return generator


def learned(spec):
    """Return a policy that has seen observations and returns of another scale."""
    policy = ActorCritic(spec, draws())
    policy.learn_observations(
        3.0 * torch.randn(50, spec.observation_size, generator=draws(5)) + 1.0,
        2.0 * torch.randn(50, spec.seen_by_critic, generator=draws(6)) - 1.0)
    policy.learn_returns(20.0 * torch.randn(50, generator=draws(7)) + 4.0)
    return policy


def minibatch(spec, size=97):
    """Return transitions of another policy, many of whose ratios and values are clipped."""
    generator = draws(1)
    actor = ActorCritic(replace(spec, init_log_std=-0.4), draws(2))
    observations = torch.randn(size, spec.observation_size, generator=generator)
    for_critic = torch.randn(size, spec.critic_observation_size, generator=generator) \
        if spec.critic_observation_size else None
    acted = actor.act(observations, generator, critic_observations=for_critic)
    return Minibatch(
        observations, 2.0 * acted.actions,
        acted.log_prob + 0.5 * torch.randn(size, generator=generator),
        acted.value + torch.randn(size, generator=generator),
        torch.randn(size, generator=generator), torch.randn(size, generator=generator),
        critic_observations=for_critic)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_is_that_of_autograd(spec, config):
    batch = minibatch(spec)
    found = {}
    for name in ("autograd", "written"):
        policy = learned(spec)
        flat = FlatParameters(policy)
        assert WrittenGradient.fits(policy)
        gradient = WrittenGradient(policy) if name == "written" else AutogradGradient(
            policy, bfloat16=False, compiled=False, symmetry=None)
        terms = gradient(batch, config)
        assert terms.figures[5] > 0.2, "ratios are clipped"
        found[name] = {**flat.split(flat.vector.grad), **{
            name: value for name, value in terms._asdict().items() if value is not None}}
    for name, expected in found["autograd"].items():
        torch.testing.assert_close(found["written"][name], expected, rtol=1e-5, atol=1e-6,
                                   msg=lambda text, name=name: f"{name}: {text}")


def test_a_least_deviation_has_no_gradient():
    spec = replace(SPEC, std_type="scalar", init_log_std=-20.0)
    policy = ActorCritic(spec, draws())
    flat = FlatParameters(policy)
    terms = WrittenGradient(policy)(minibatch(replace(spec, init_log_std=-0.5)), CONFIG)
    assert terms.std.tolist() == pytest.approx([1e-6, 1e-6])
    assert flat.split(flat.vector.grad)["std"].tolist() == [0.0, 0.0]


def test_minibatches_of_other_sizes_in_turn():
    policy = learned(SPEC)
    flat = FlatParameters(policy)
    gradient = WrittenGradient(policy)
    expected = {}
    for size in (97, 5, 40, 97, 5, 40):
        gradient(minibatch(SPEC, size), CONFIG)
        assert torch.equal(flat.vector.grad, expected.setdefault(size, flat.vector.grad.clone()))


@pytest.mark.parametrize("other", [
    {"discrete": True}, {"squash": True}, {"memory": "gru"}], ids=str)
def test_leaves_other_policies_to_autograd(other):
    assert not WrittenGradient.fits(ActorCritic(replace(SPEC, **other), draws()))
