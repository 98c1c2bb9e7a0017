"""PPO's update: its losses against torch.distributions, its state, and that it can be repeated."""

from dataclasses import replace

import pytest
import torch
from torch.distributions import Independent, Normal
from updates import finish

from dnne_ros.learning.finite import NotFiniteError
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_output import PolicyOutput
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.ppo import PPO, PPOConfig
from dnne_ros.rl.rollout import Rollout

SPEC = PolicySpec(3, 2, (8,), "tanh", False, -0.5)
HORIZON, NUM_ENVS = 5, 4
CONFIG = PPOConfig(num_epochs=3, minibatch_size=6, learning_rate=0.01, max_grad_norm=0.7)
LAST = torch.full((NUM_ENVS, 3), 0.5)


def draws(seed=0):
    """Return a seeded generator."""
    generator = torch.Generator()
    generator.manual_seed(seed)
    return generator


def collect(policy, seed=0):
    """Return a full rollout of random observations, rewards and ends, acted on by ``policy``."""
    generator = draws(seed)
    rollout = Rollout(HORIZON, NUM_ENVS, 3, 1 if policy.spec.discrete else 2)
    for _ in range(HORIZON):
        observations, following = torch.randn(2, NUM_ENVS, 3, generator=generator)
        ends = torch.rand(NUM_ENVS, generator=generator)
        rollout.add(policy.act(observations, generator),
                    torch.randn(NUM_ENVS, generator=generator), ends < 0.2, ends > 0.8, following)
    return rollout


def learner(config=CONFIG, spec=SPEC, seed=0):
    """Return a new PPO with a new policy."""
    return PPO(ActorCritic(spec, draws(seed)), config, draws(seed + 1))


def weights(ppo):
    """Return a copy of the policy's weights, flat."""
    return torch.nn.utils.parameters_to_vector(ppo.policy.parameters()).detach().clone()


@pytest.mark.parametrize("spec", [SPEC, replace(SPEC, discrete=True)])
def test_pauses_after_each_minibatch(spec):
    ppo = learner(spec=spec)
    before = weights(ppo)
    pauses, stats = finish(ppo.update(collect(ppo.policy), LAST))
    assert pauses == 3 * 4  # 20 transitions in minibatches of 6: 6, 6, 6 and 2
    assert not torch.equal(weights(ppo), before)
    assert stats.learning_rate == 0.01
    total = (stats.policy_loss + CONFIG.value_coef * stats.value_loss
             - CONFIG.entropy_coef * stats.entropy)
    assert stats.loss == pytest.approx(total, abs=1e-5)


def test_one_step_has_the_gradient_of_the_losses_written_out():
    """Whole batch, one epoch, and the policy that acts is not the one that learns."""
    config = replace(CONFIG, num_epochs=1, minibatch_size=1000, max_grad_norm=1e9)
    ppo = learner(config)
    rollout = collect(ActorCritic(SPEC, draws(0)))
    with torch.no_grad():
        ppo.policy.log_std += 0.3  # ratios of both sides of the clip
    policy = ActorCritic(SPEC)
    policy.load_state_dict(ppo.policy.state_dict())
    _, stats = finish(ppo.update(rollout, LAST))

    with torch.no_grad():
        following = policy.value(rollout.next_observations.flatten(0, 1)).reshape(5, 4)
        following[:-1] = torch.where(
            rollout.timed_out[:-1], following[:-1], rollout.values[1:])
        following[-1] = torch.where(
            rollout.timed_out[-1], following[-1], policy.value(LAST))
        advantages = torch.zeros(HORIZON + 1, NUM_ENVS)
        for step in reversed(range(HORIZON)):
            alive = (~rollout.terminated[step]).float()
            goes_on = alive * (~rollout.timed_out[step]).float()
            delta = (rollout.rewards[step] + config.gamma * alive * following[step]
                     - rollout.values[step])
            advantages[step] = (
                delta + config.gamma * config.gae_lambda * goes_on * advantages[step + 1])
        advantages = advantages[:-1].flatten()
        returns = advantages + rollout.values.flatten()
        normal = (advantages - advantages.mean()) / advantages.std(correction=0)

    observations = rollout.observations.flatten(0, 1)
    density = Independent(Normal(policy.actor(observations),
                                 policy.log_std.exp().expand(20, 2)), 1)
    ratio = (density.log_prob(rollout.actions.flatten(0, 1)) - rollout.log_prob.flatten()).exp()
    gain = torch.minimum(ratio * normal, ratio.clamp(0.8, 1.2) * normal).mean()
    value_loss = ((policy.value(observations) - returns) ** 2).mean()
    entropy = density.entropy().mean()
    loss = -gain + config.value_coef * value_loss - config.entropy_coef * entropy
    loss.backward()
    norm = torch.cat([p.grad.flatten() for p in policy.parameters()]).norm()

    assert stats.policy_loss == pytest.approx(-gain.item(), rel=1e-4)
    assert stats.value_loss == pytest.approx(value_loss.item(), rel=1e-4)
    assert stats.entropy == pytest.approx(entropy.item(), rel=1e-4)
    assert stats.loss == pytest.approx(loss.item(), rel=1e-4)
    assert stats.grad_norm == pytest.approx(norm.item(), rel=1e-4)
    assert stats.clip_fraction == pytest.approx(((ratio - 1).abs() > 0.2).float().mean().item())
    assert 0 < stats.clip_fraction < 1
    assert stats.kl == pytest.approx((ratio - 1 - ratio.log()).mean().item(), rel=1e-3)
    # Adam's first step is the learning rate against the sign of the gradient.
    for mine, other in zip(ppo.policy.parameters(), policy.parameters(), strict=True):
        expected = other - config.learning_rate * other.grad.sign()
        assert torch.allclose(mine, expected, atol=1e-4)


def test_value_clipping_takes_the_worse_loss():
    """A value that moved by 1 from the old one counts as if it had moved by 0.2."""
    spec = PolicySpec(1, 1, ())
    policy = ActorCritic(spec, draws())
    with torch.no_grad():
        policy.critic[0].weight.zero_()
        policy.critic[0].bias.fill_(2.0)
    rollout = Rollout(1, 2, 1, 1)
    zeros = torch.zeros(2, 1)
    output = PolicyOutput(zeros, zeros, torch.zeros(2), torch.full((2,), 1.0), zeros, zeros)
    ended = torch.ones(2, dtype=torch.bool)
    rollout.add(output, torch.tensor([3.0, 3.0]), ended, ~ended)
    config = PPOConfig(num_epochs=1, minibatch_size=2)
    _, plain = finish(PPO(policy, replace(config, learning_rate=0.0), draws())
                      .update(rollout, zeros))
    assert plain.value_loss == pytest.approx((2.0 - 3.0) ** 2)
    clipped = replace(config, learning_rate=0.0, clip_value_loss=True)
    _, stats = finish(PPO(policy, clipped, draws()).update(rollout, zeros))
    assert stats.value_loss == pytest.approx((1.2 - 3.0) ** 2)


def test_before_anything_was_learned_the_policy_is_the_one_that_acted():
    ppo = learner(replace(CONFIG, learning_rate=0.0))
    before = weights(ppo)
    _, stats = finish(ppo.update(collect(ppo.policy), LAST))
    assert torch.equal(weights(ppo), before)
    assert stats.kl == pytest.approx(0.0, abs=1e-6)
    assert stats.clip_fraction == 0.0


def test_settings_may_change_between_updates():
    ppo = learner()
    finish(ppo.update(collect(ppo.policy), LAST))
    before = weights(ppo)
    ppo.config = replace(ppo.config, learning_rate=0.0, num_epochs=1)
    pauses, stats = finish(ppo.update(collect(ppo.policy), LAST))
    assert pauses == 4
    assert stats.learning_rate == 0.0
    assert torch.equal(weights(ppo), before)


def test_gradients_are_scaled_down_to_the_norm():
    """Adam forgets a gradient's scale, so the norm is read where it was left: on the weights."""
    ppo = learner(replace(CONFIG, max_grad_norm=1e-3))
    _, stats = finish(ppo.update(collect(ppo.policy), LAST))
    left = torch.cat([p.grad.flatten() for p in ppo.policy.parameters()]).norm().item()
    assert stats.grad_norm > 1e-3
    assert left == pytest.approx(1e-3, rel=1e-2)


def train(ppo, updates):
    """Run updates on rollouts of the policy's own."""
    for seed in updates:
        finish(ppo.update(collect(ppo.policy, seed), LAST))
    return weights(ppo)


def test_the_same_data_and_seeds_give_the_same_weights():
    assert torch.equal(train(learner(), range(3)), train(learner(), range(3)))


@pytest.mark.parametrize("done_before", [0, 2])
def test_restored_state_goes_on_bit_identically(done_before):
    ppo = learner()
    train(ppo, range(done_before))
    tensors, values = ppo.state()
    tensors = {name: tensor.clone() for name, tensor in tensors.items()}
    saved_weights = {name: w.clone() for name, w in ppo.policy.state_dict().items()}
    expected = train(ppo, range(2, 5))

    other = learner(seed=7)
    train(other, range(1))
    other.policy.load_state_dict(saved_weights)
    other.restore(tensors, values)
    assert torch.equal(train(other, range(2, 5)), expected)


def test_an_observation_that_takes_a_moment_out_of_range_is_found_with_its_update():
    ppo = learner(spec=replace(SPEC, normalize_observations=True))
    rollout = collect(ppo.policy)
    rollout.observations[2, 1, 0] = 1e30  # finite, but its square is not
    _, stats = finish(ppo.update(rollout, LAST))
    with pytest.raises(NotFiniteError, match="update 3: .*normalizer.variance is not finite; .* "
                                             "or the rewards or observations"):
        ppo.check(stats, "update 3")


def test_state_is_a_copy():
    ppo = learner()
    train(ppo, range(1))
    tensors, _ = ppo.state()
    copies = {name: tensor.clone() for name, tensor in tensors.items()}
    train(ppo, range(1, 2))
    assert all(torch.equal(tensor, copies[name]) for name, tensor in tensors.items())
    assert tensors["generator"].dtype == torch.uint8


def test_state_of_another_policy_is_refused():
    other = learner(spec=replace(SPEC, hidden_sizes=(9,)))
    train(other, range(1))
    tensors, values = other.state()
    with pytest.raises(ValueError, match=r"exp_avg/actor.0.weight: expected \(8, 3\), "
                                         r"found \(9, 3\)"):
        learner().restore(tensors, values)


def test_a_rollout_that_is_not_full_is_refused():
    ppo = learner()
    with pytest.raises(ValueError, match="expected 5 steps, found 0"):
        next(ppo.update(Rollout(HORIZON, NUM_ENVS, 3, 2), LAST))
