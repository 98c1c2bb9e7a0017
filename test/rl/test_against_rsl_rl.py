"""The same random batch and weights in rsl_rl and here: the same losses and new weights."""

from dataclasses import replace

import pytest
import torch
from updates import finish

from dnne_ros.rl.bootstrap import next_values
from dnne_ros.rl.divergence import gaussian_kl
from dnne_ros.rl.gae import advantages_and_returns
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.ppo import PPO, PPOConfig
from dnne_ros.rl.rollout import Rollout

pytest.importorskip("rsl_rl")

from rsl_rl.algorithms import PPO as PeerPPO
from rsl_rl.models import MLPModel
from rsl_rl.modules.normalization import EmpiricalNormalization
from rsl_rl.storage import RolloutStorage
from tensordict import TensorDict

SPEC = PolicySpec(5, 2, (16, 16), "elu", False, -0.5)
HORIZON, NUM_ENVS = 12, 8
CONFIG = PPOConfig(num_epochs=1, minibatch_size=24, gamma=0.97, gae_lambda=0.9, value_coef=0.7,
                   entropy_coef=0.02, learning_rate=3e-3, max_grad_norm=1e9)


def draws(seed=0):
    """Return a seeded generator."""
    generator = torch.Generator()
    generator.manual_seed(seed)
    return generator


def peer_of(policy, config, *, observation_normalization=False):
    """Return rsl_rl's PPO with the weights of ``policy``."""
    spec = policy.spec
    observations = TensorDict({"policy": torch.zeros(NUM_ENVS, spec.observation_size)},
                              batch_size=[NUM_ENVS])
    groups = {"actor": ["policy"], "critic": ["policy"]}
    common = {"hidden_dims": spec.hidden_sizes, "activation": spec.activation,
              "obs_normalization": observation_normalization}
    actor = MLPModel(observations, groups, "actor", spec.action_size, **common, distribution_cfg={
        "class_name": "GaussianDistribution", "std_type": "log"})
    critic = MLPModel(observations, groups, "critic", 1, **common)
    actor.mlp.load_state_dict(policy.actor.state_dict())
    critic.mlp.load_state_dict(policy.critic.state_dict())
    actor.distribution.log_std_param.data.copy_(policy.log_std.data)
    storage = RolloutStorage("rl", NUM_ENVS, HORIZON, observations, [spec.action_size])
    return PeerPPO(
        actor, critic, storage, num_learning_epochs=config.num_epochs,
        num_mini_batches=HORIZON * NUM_ENVS // config.minibatch_size,
        clip_param=config.clip_param, gamma=config.gamma, lam=config.gae_lambda,
        value_loss_coef=config.value_coef, entropy_coef=config.entropy_coef,
        learning_rate=config.learning_rate, max_grad_norm=config.max_grad_norm,
        use_clipped_value_loss=config.clip_value_loss,
        schedule=config.lr_schedule, desired_kl=config.desired_kl)


def fill(rollout, peer, acting, seed=0):
    """Give the same random transitions to both; return the observations that follow."""
    generator = draws(seed)
    for _ in range(HORIZON):
        observations = 2.0 * torch.randn(NUM_ENVS, 5, generator=generator) + 1.0
        rewards = torch.randn(NUM_ENVS, generator=generator)
        dice = torch.rand(NUM_ENVS, generator=generator)
        terminated, timed_out = dice < 0.1, dice > 0.9
        output = acting.act(observations, generator)
        rollout.add(output, rewards, terminated, timed_out)
        step = peer.transition
        step.observations = TensorDict({"policy": observations}, batch_size=[NUM_ENVS])
        step.actions, step.values = output.actions, output.value.unsqueeze(1)
        step.actions_log_prob = output.log_prob
        step.distribution_params = (output.mean, output.std)
        peer.process_env_step(step.observations, rewards, terminated | timed_out,
                              {"time_outs": timed_out.float()})
    return torch.randn(NUM_ENVS, 5, generator=generator)


def targets(policy, config, rollout, last):
    """Return our advantages and returns, as `PPO` computes them."""
    with torch.no_grad():
        following = next_values(rollout.values, policy.value(last), rollout.timed_out, None,
                                policy.value)
        return advantages_and_returns(
            rollout.rewards, rollout.values, following, rollout.terminated,
            rollout.terminated | rollout.timed_out, config.gamma, config.gae_lambda)


def update_both(ppo, peer, rollout, last, order):
    """Update both, minibatches in the order that ``order`` draws; return both statistics."""
    advantages, _ = targets(ppo.policy, ppo.config, rollout, last)
    with torch.no_grad():
        peer.compute_returns(TensorDict({"policy": last}, batch_size=[NUM_ENVS]))
    # Of n numbers rsl_rl takes the deviation of a sample, we that of a population.
    std, mean = torch.std_mean(advantages, correction=0)
    peer.storage.advantages = ((advantages - mean) / (std + 1e-8)).unsqueeze(2)
    torch.set_rng_state(order.get_state())  # rsl_rl draws from torch's own generator
    theirs = peer.update()
    _, stats = finish(ppo.update(rollout, last))
    rollout.clear()
    return stats, theirs


def pairs(ppo, peer):
    """Yield each parameter of ours with rsl_rl's."""
    policy = ppo.policy
    for mine, its in ((policy.actor, peer.actor.mlp), (policy.critic, peer.critic.mlp)):
        yield from zip(mine.parameters(), its.parameters(), strict=True)
    yield policy.log_std, peer.actor.distribution.log_std_param


def assert_same_weights(ppo, peer):
    for mine, its in pairs(ppo, peer):
        torch.testing.assert_close(mine, its, rtol=1e-5, atol=2e-6)


def test_advantages_and_returns_with_terminations_and_time_outs():
    policy = ActorCritic(SPEC, draws())
    rollout, peer = Rollout(HORIZON, NUM_ENVS, 5, 2), peer_of(policy, CONFIG)
    last = fill(rollout, peer, policy)
    assert rollout.terminated.any() and rollout.timed_out.any()
    advantages, returns = targets(policy, CONFIG, rollout, last)
    with torch.no_grad():
        peer.compute_returns(TensorDict({"policy": last}, batch_size=[NUM_ENVS]))
    torch.testing.assert_close(returns, peer.storage.returns.squeeze(2))
    sample = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    torch.testing.assert_close(sample, peer.storage.advantages.squeeze(2), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [
    {}, {"clip_value_loss": True}, {"num_epochs": 5, "minibatch_size": HORIZON * NUM_ENVS},
    {"lr_schedule": "adaptive"}, {"lr_schedule": "adaptive", "desired_kl": 1e-4},
], ids=["plain", "clipped values", "whole batches", "adaptive up", "adaptive down"])
def test_updates_give_the_same_weights(options):
    """Three updates in a row, so that Adam's moments count; the first acts off-policy."""
    config = replace(CONFIG, **options)
    order = draws()
    ppo = PPO(ActorCritic(SPEC, draws()), config, order)
    peer = peer_of(ppo.policy, config)
    rollout = Rollout(HORIZON, NUM_ENVS, 5, 2, keeps_distributions=True)
    acting = ActorCritic(SPEC, draws())
    with torch.no_grad():
        acting.log_std += 0.2
        acting.critic[-1].bias += 0.3
    clipped = 0.0
    for seed in range(3):
        last = fill(rollout, peer, acting, seed)
        acting = ppo.policy
        mine, its = update_both(ppo, peer, rollout, last, order)
        assert mine.policy_loss == pytest.approx(its["surrogate"], rel=1e-4, abs=1e-6)
        assert mine.value_loss == pytest.approx(its["value"], rel=1e-4)
        assert mine.entropy == pytest.approx(its["entropy"], rel=1e-5)
        assert mine.learning_rate == pytest.approx(peer.learning_rate)
        assert_same_weights(ppo, peer)
        clipped += mine.clip_fraction
    assert (mine.learning_rate != config.learning_rate) == ("lr_schedule" in options)
    assert clipped > 0


def test_gradients_are_clipped_alike():
    """rsl_rl clips actor and critic apart: with one of them silent that is the same."""
    config = replace(CONFIG, value_coef=0.0, max_grad_norm=0.05)
    order = draws()
    ppo = PPO(ActorCritic(SPEC, draws()), config, order)
    peer = peer_of(ppo.policy, config)
    rollout = Rollout(HORIZON, NUM_ENVS, 5, 2)
    for seed in range(3):
        last = fill(rollout, peer, ppo.policy, seed)
        mine, _ = update_both(ppo, peer, rollout, last, order)
        assert mine.grad_norm > 0.05
        assert_same_weights(ppo, peer)


def test_observations_are_normalised_alike():
    spec = replace(SPEC, normalize_observations=True)
    order = draws()
    ppo = PPO(ActorCritic(spec, draws()), CONFIG, order)
    peer = peer_of(ppo.policy, CONFIG, observation_normalization=True)
    rollout = Rollout(HORIZON, NUM_ENVS, 5, 2)
    for seed in range(3):
        last = fill(rollout, peer, ppo.policy, seed)
        update_both(ppo, peer, rollout, last, order)
        mine, its = ppo.policy.observation_normalizer, peer.actor.obs_normalizer
        torch.testing.assert_close(mine.mean, its.mean)
        torch.testing.assert_close(mine.scale, its.std + its.eps)
        assert_same_weights(ppo, peer)
    assert (mine.mean - 1.0).abs().max() < 0.5


def test_running_moments_of_batches_of_any_size():
    peer = EmpiricalNormalization(3)
    spec = PolicySpec(3, 1, normalize_observations=True)
    mine = ActorCritic(spec, draws()).observation_normalizer
    rows = 5.0 * torch.randn(100, 3, generator=draws()) - 7.0
    for part in rows.split([1, 60, 39]):
        peer.update(part)
        mine.learn(part)
    torch.testing.assert_close(mine(rows), peer(rows))
    torch.testing.assert_close(mine.mean, rows.mean(0))
    torch.testing.assert_close(mine.variance, rows.var(0, correction=0))


def test_divergence_of_gaussians():
    policy = ActorCritic(SPEC, draws())
    peer = peer_of(policy, CONFIG)
    (old_mean, mean), (old_std, std) = torch.randn(2, 6, 2), torch.rand(2, 6, 2) + 0.1
    torch.testing.assert_close(
        gaussian_kl(old_mean, old_std, mean, std),
        peer.actor.get_kl_divergence((old_mean, old_std), (mean, std)), rtol=1e-4, atol=1e-5)
