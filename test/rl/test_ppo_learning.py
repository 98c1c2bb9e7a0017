"""PPO learns: a plain loop of simulator and learner, without a graph around it."""

import pytest
import torch

from dnne_ros.node_api.seeding import node_seed
from dnne_ros.rl.episodes import EpisodeStatistics
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.ppo import PPO, PPOConfig
from dnne_ros.rl.rollout import Rollout

mujoco_cartpole = pytest.importorskip("dnne_ros.sim.mujoco_cartpole")

SOLVED = 450.0


def draws(seed, name):
    """Return a generator of its own for each purpose."""
    generator = torch.Generator()
    generator.manual_seed(node_seed(seed, name))
    return generator


def train(*, seed, num_envs, max_push_effort, spec, config, horizon, max_steps, knows_next,
          until=SOLVED):
    """Train until the mean return of 100 episodes is there; return statistics and policy."""
    simulator = mujoco_cartpole.MujocoCartpole(num_envs, node_seed(seed, "simulator"), threads=1)
    policy = ActorCritic(spec, draws(seed, "weights"))
    actions = draws(seed, "actions")
    ppo = PPO(policy, config, draws(seed, "minibatches"))
    rollout = Rollout(horizon, num_envs, 4, 1)
    episodes = EpisodeStatistics(num_envs)
    observations = simulator.observations()
    for _ in range(max_steps):
        output = policy.act(observations, actions)
        result = simulator.step(output.actions.clamp(-1.0, 1.0) * max_push_effort)
        rollout.add(output, result.rewards, result.terminated, result.timed_out,
                    result.next_observations if knows_next else None)
        episodes.add(result.rewards, result.terminated | result.timed_out)
        observations = result.observations
        if rollout.full:
            for _ in ppo.update(rollout, observations):
                pass
            rollout.clear()
            if episodes.window_full and episodes.mean_return >= until:
                break
    return episodes, policy


@pytest.mark.slow
@pytest.mark.parametrize("knows_next", [pytest.param(True, marks=pytest.mark.long), False])
def test_solves_cartpole_with_10_newtons(knows_next):
    episodes, _ = train(
        seed=1, num_envs=512, max_push_effort=10.0, horizon=16, max_steps=2000,
        spec=PolicySpec(4, 1, (64, 64), "elu", False, -1.0), knows_next=knows_next,
        config=PPOConfig(num_epochs=2, minibatch_size=1024, learning_rate=2e-3, gae_lambda=0.9,
                         value_coef=0.25, entropy_coef=0.0, max_grad_norm=1.0))
    assert episodes.window_full
    assert episodes.mean_return >= SOLVED


@pytest.mark.slow
def test_solves_cartpole_as_isaac_gym_sets_it():
    episodes, policy = train(
        seed=1, num_envs=512, max_push_effort=400.0, horizon=16, max_steps=1600,
        spec=PolicySpec(4, 1, (32, 32), "elu", False, -2.0), knows_next=True,
        config=PPOConfig(num_epochs=8, minibatch_size=2048, learning_rate=2e-3, gamma=0.98,
                         clip_param=0.3, value_coef=0.25, entropy_coef=0.0, max_grad_norm=1.0))
    assert episodes.window_full
    assert episodes.mean_return >= SOLVED

    simulator = mujoco_cartpole.MujocoCartpole(100, seed=77)
    played = EpisodeStatistics(100)
    observations = simulator.observations()
    for _ in range(500):
        output = policy.act(observations, draws(0, "unused"), deterministic=True)
        result = simulator.step(output.actions.clamp(-1.0, 1.0) * 400.0)
        played.add(result.rewards, result.terminated | result.timed_out)
        observations = result.observations
    assert played.mean_return >= SOLVED


def test_the_same_seed_learns_the_same():
    def weights():
        _, policy = train(
            seed=5, num_envs=16, max_push_effort=10.0, horizon=8, max_steps=64, knows_next=True,
            spec=PolicySpec(4, 1, (8,), "elu"), config=PPOConfig(minibatch_size=50))
        return torch.nn.utils.parameters_to_vector(policy.parameters())

    assert torch.equal(weights(), weights())
