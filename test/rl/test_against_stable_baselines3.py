"""Discrete actions, and joint clipping of gradients, against Stable-Baselines3."""

import pytest
import torch
from updates import finish

from dnne_ros.rl.bootstrap import next_values
from dnne_ros.rl.divergence import categorical_kl
from dnne_ros.rl.gae import advantages_and_returns
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.ppo import PPO, PPOConfig
from dnne_ros.rl.rollout import Rollout

pytest.importorskip("stable_baselines3")

from gymnasium import spaces
from stable_baselines3 import PPO as PeerPPO
from stable_baselines3.common.distributions import CategoricalDistribution
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import VecEnv

SPEC = PolicySpec(5, 3, (16, 16), "tanh", True)
HORIZON, NUM_ENVS = 12, 8
CONFIG = PPOConfig(num_epochs=4, minibatch_size=HORIZON * NUM_ENVS, gamma=0.97, gae_lambda=0.9,
                   value_coef=0.7, entropy_coef=0.02, learning_rate=3e-3, max_grad_norm=0.3)


class Sizes(VecEnv):
    """An environment that only says how large things are."""

    def __init__(self):
        super().__init__(NUM_ENVS, spaces.Box(-9, 9, (5,)), spaces.Discrete(3))

    def get_attr(self, attr_name, indices=None):
        return [None] * NUM_ENVS

    def reset(self):
        raise AssertionError("nothing is simulated here")

    close = env_is_wrapped = env_method = set_attr = step_async = step_wait = reset


def draws(seed=0):
    """Return a seeded generator."""
    generator = torch.Generator()
    generator.manual_seed(seed)
    return generator


def peer_of(policy, config):
    """Return Stable-Baselines3's PPO with the weights of ``policy``."""
    peer = PeerPPO(
        "MlpPolicy", Sizes(), learning_rate=config.learning_rate, n_steps=HORIZON,
        batch_size=config.minibatch_size, n_epochs=config.num_epochs, gamma=config.gamma,
        gae_lambda=config.gae_lambda, clip_range=config.clip_param, normalize_advantage=False,
        ent_coef=config.entropy_coef, vf_coef=config.value_coef,
        max_grad_norm=config.max_grad_norm, device="cpu", policy_kwargs={
            "net_arch": list(policy.spec.hidden_sizes), "optimizer_kwargs": {"eps": 1e-8}})
    peer.set_logger(Logger(None, []))
    for mine, its in pairs(policy, peer):
        its.data.copy_(mine.data)
    return peer


def pairs(policy, peer):
    """Yield each parameter of ours with its counterpart."""
    its = peer.policy
    for mine, body, head in (
            (policy.actor, its.mlp_extractor.policy_net, its.action_net),
            (policy.critic, its.mlp_extractor.value_net, its.value_net)):
        yield from zip(mine.parameters(), [*body.parameters(), *head.parameters()], strict=True)


def fill(rollout, peer, policy, seed):
    """Give the same random transitions to both; return what followed, and which had ended."""
    generator = draws(seed)
    peer.rollout_buffer.reset()
    started = torch.ones(NUM_ENVS, dtype=torch.bool)
    for _ in range(HORIZON):
        observations, following = torch.randn(2, NUM_ENVS, 5, generator=generator)
        rewards = torch.randn(NUM_ENVS, generator=generator)
        dice = torch.rand(NUM_ENVS, generator=generator)
        terminated, timed_out = dice < 0.1, dice > 0.9
        output = policy.act(observations, generator)
        rollout.add(output, rewards, terminated, timed_out, following)
        # As its collect_rollouts does: what would have followed a time-out is put into the reward.
        with torch.no_grad():
            cut_off = CONFIG.gamma * policy.value(following) * timed_out
        peer.rollout_buffer.add(
            observations.numpy(), output.actions.numpy(), (rewards + cut_off).numpy(),
            started.numpy(), output.value, output.log_prob)
        started = terminated | timed_out
    return torch.randn(NUM_ENVS, 5, generator=generator), started


def test_choices_have_the_same_probabilities():
    logits = 3.0 * torch.randn(6, 3, generator=draws())
    peer = CategoricalDistribution(3).proba_distribution(logits)
    policy = ActorCritic(SPEC, draws())
    policy.actor = torch.nn.Identity()  # observations are the logits
    policy.critic = torch.nn.Linear(3, 1)
    for choice in range(3):
        actions = torch.full((6, 1), float(choice))
        log_prob, entropy, _, _, _ = policy.evaluate(logits, actions)
        torch.testing.assert_close(log_prob, peer.log_prob(actions[:, 0]))
        torch.testing.assert_close(entropy, peer.entropy())
    other = torch.randn(6, 3, generator=draws(1))
    torch.testing.assert_close(categorical_kl(logits, other), torch.distributions.kl_divergence(
        peer.distribution, CategoricalDistribution(3).proba_distribution(other).distribution))


def test_updates_give_the_same_weights():
    """Three updates in a row, of four whole batches each; gradients are clipped in all."""
    policy = ActorCritic(SPEC, draws())
    ppo, peer = PPO(policy, CONFIG, draws()), peer_of(policy, CONFIG)
    rollout = Rollout(HORIZON, NUM_ENVS, 5, 1)
    for seed in range(3):
        last, ended = fill(rollout, peer, policy, seed)
        buffer = peer.rollout_buffer
        with torch.no_grad():
            following = next_values(rollout.values, policy.value(last), rollout.timed_out,
                                    rollout.next_observations, policy.value)
            buffer.compute_returns_and_advantage(policy.value(last), ended.numpy())
        advantages, returns = advantages_and_returns(
            rollout.rewards, rollout.values, following, rollout.terminated,
            rollout.terminated | rollout.timed_out, CONFIG.gamma, CONFIG.gae_lambda)
        torch.testing.assert_close(advantages, torch.from_numpy(buffer.advantages),
                                   rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(returns, torch.from_numpy(buffer.returns), rtol=1e-4, atol=1e-5)

        std, mean = torch.std_mean(advantages, correction=0)
        buffer.advantages = ((advantages - mean) / (std + 1e-8)).numpy()
        peer.train()
        _, stats = finish(ppo.update(rollout, last))
        rollout.clear()
        theirs = peer.logger.name_to_value
        assert stats.policy_loss == pytest.approx(theirs["train/policy_gradient_loss"], abs=1e-6)
        assert stats.value_loss == pytest.approx(theirs["train/value_loss"], rel=1e-4)
        assert stats.entropy == pytest.approx(-theirs["train/entropy_loss"], rel=1e-4)
        assert stats.clip_fraction == pytest.approx(theirs["train/clip_fraction"])
        assert stats.grad_norm > CONFIG.max_grad_norm
        peer.logger.name_to_value.clear()
        for mine, its in pairs(policy, peer):
            torch.testing.assert_close(mine, its, rtol=1e-5, atol=5e-6)
