"""Normalisation and a shared trunk: parts of the policy, wherever it goes."""

from dataclasses import replace

import pytest
import torch
from updates import finish

from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.ppo import PPO, PPOConfig
from dnne_ros.rl.rollout import Rollout
from dnne_ros.rl.shared_policy import PolicySnapshot, SharedPolicy

PLAIN = PolicySpec(3, 2, (8, 8), "tanh", False, -0.5)
ALL = replace(PLAIN, shared_trunk=True, normalize_observations=True, normalize_values=True)
ADAPTIVE = PPOConfig(num_epochs=2, minibatch_size=7, learning_rate=1e-3, lr_schedule="adaptive",
                     clip_value_loss=True, bounds_loss_coef=0.1)
LAST = torch.full((4, 3), 0.5)


def draws(seed=0):
    """Return a seeded generator."""
    generator = torch.Generator()
    generator.manual_seed(seed)
    return generator


def collect(policy, seed=0):
    """Return a full rollout of observations around 5 and returns around 50."""
    generator = draws(seed)
    discrete = policy.spec.discrete
    rollout = Rollout(5, 4, 3, 1 if discrete else 2, choices=2 if discrete else 0,
                      keeps_distributions=True)
    for _ in range(5):
        observations, following = 5.0 + torch.randn(2, 4, 3, generator=generator)
        ends = torch.rand(4, generator=generator)
        rollout.add(policy.act(observations, generator),
                    50.0 + 10.0 * torch.randn(4, generator=generator), ends < 0.5, ends > 0.8,
                    following)
    return rollout


def train(ppo, seeds):
    """Update on rollouts of the policy's own; return the last statistics."""
    for seed in seeds:
        _, stats = finish(ppo.update(collect(ppo.policy, seed), LAST))
    return stats


def trained(spec, config=ADAPTIVE, **options):
    """Return a learner that has seen three rollouts."""
    ppo = PPO(ActorCritic(spec, draws()), config, draws(1), **options)
    train(ppo, range(3))
    return ppo


def test_options_that_are_off_leave_weights_and_files_as_they_were():
    assert list(ActorCritic(PLAIN, draws()).state_dict()) == [
        "log_std", *(f"{net}.{layer}.{part}" for net in ("actor", "critic")
                     for layer in (0, 2, 4) for part in ("weight", "bias"))]
    older = {key: value for key, value in PLAIN.to_json().items()
             if key not in ("shared_trunk", "normalize_observations", "normalize_values")}
    assert PolicySpec.from_json(older) == PLAIN


def test_a_shared_trunk_is_learned_by_both():
    policy = ActorCritic(replace(PLAIN, shared_trunk=True), draws())
    assert len(policy.trunk) == 4 and len(policy.actor) == len(policy.critic) == 1
    for loss in (policy.value(LAST), policy.evaluate(LAST, torch.zeros(4, 2))[0]):
        policy.zero_grad()
        loss.sum().backward()
        assert policy.trunk[0].weight.grad.abs().sum() > 0


@pytest.mark.parametrize("spec", [ALL, replace(ALL, discrete=True)])
def test_the_policy_learns_what_it_normalises_by(spec):
    policy = trained(spec).policy
    rollouts = [collect(ActorCritic(spec, draws()), seed) for seed in range(3)]
    seen = torch.cat([rollout.observations.flatten(0, 1) for rollout in rollouts])
    torch.testing.assert_close(policy.observation_normalizer.mean, seen.mean(0))
    assert policy.observation_normalizer.count == 60
    assert 40.0 < policy.value_normalizer.mean.item() < 250.0
    assert policy.value_scale.item() > 5.0


def test_new_moments_of_returns_do_not_change_the_values():
    policy = ActorCritic(replace(PLAIN, normalize_values=True), draws())
    before = policy.value(LAST)
    policy.learn_returns(200.0 + 30.0 * torch.randn(100, generator=draws()))
    assert policy.value_scale.item() == pytest.approx(30.0, rel=0.3)
    torch.testing.assert_close(policy.value(LAST), before, atol=1e-3, rtol=0.0)
    policy.learn_returns(torch.full((50,), -20.0))
    torch.testing.assert_close(policy.value(LAST), before, atol=1e-3, rtol=0.0)


def test_while_it_learns_the_policy_sees_what_it_acted_on():
    """The first minibatch finds the ratios at 1: observations are normalised as when acting."""
    config = replace(ADAPTIVE, num_epochs=1, minibatch_size=1000, learning_rate=0.0,
                     lr_schedule="fixed")
    ppo = trained(ALL)
    ppo.config = config
    assert train(ppo, [9]).kl == pytest.approx(0.0, abs=1e-6)


def test_a_replica_and_its_updates_carry_everything():
    ppo = PPO(ActorCritic(ALL, draws()), ADAPTIVE, draws(1))
    owner = SharedPolicy(ppo.policy)
    replica = SharedPolicy.from_bytes(owner.to_bytes())
    owner.on_change(lambda snapshot: replica.apply(PolicySnapshot.from_bytes(snapshot.to_bytes())))
    train(ppo, range(2))
    owner.commit()
    mine, its = (shared.policy.act(LAST, draws()) for shared in (owner, replica))
    assert torch.equal(mine.actions, its.actions) and torch.equal(mine.value, its.value)


@pytest.mark.parametrize("schedule", ["adaptive", "linear"])
def test_restored_training_goes_on_bit_identically(schedule):
    config = replace(ADAPTIVE, lr_schedule=schedule, schedule_updates=5)
    ppo = trained(ALL, config)
    tensors, values = ppo.state()
    weights = {name: tensor.clone() for name, tensor in ppo.policy.state_dict().items()}
    expected = train(ppo, [7, 8])

    other = PPO(ActorCritic(ALL, draws(5)), config, draws(6))
    other.policy.load_state_dict(weights)
    other.restore(tensors, values)
    assert train(other, [7, 8]) == expected
    assert expected.learning_rate != config.learning_rate


def test_an_adaptive_rate_needs_the_distributions():
    ppo = PPO(ActorCritic(PLAIN, draws()), ADAPTIVE, draws())
    rollout = collect(ppo.policy)
    rollout.means = None
    with pytest.raises(ValueError, match="needs a rollout that keeps distributions"):
        next(ppo.update(rollout, LAST))


def test_bfloat16_learns_nearly_the_same_and_keeps_weights_float32():
    config = replace(ADAPTIVE, lr_schedule="fixed")
    exact, rough = trained(PLAIN, config).policy, trained(PLAIN, config, bfloat16=True).policy
    mine, its = (torch.nn.utils.parameters_to_vector(p.parameters()) for p in (exact, rough))
    assert its.dtype == torch.float32
    assert not torch.equal(mine, its)
    assert (mine - its).norm() < 0.02 * mine.norm()
