"""Critics that see more and networks that remember: the same updates in rsl_rl and here.

Episodes end inside of the rollouts, by terminations and time-outs, and go on from one rollout to
the next, so that memories begin at zero, are carried on, and are forgotten.
"""

from dataclasses import replace

import pytest
import torch
from updates import finish

from dnne_ros.rl.bootstrap import next_values, next_values_remembered
from dnne_ros.rl.gae import advantages_and_returns
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.ppo import PPO, PPOConfig
from dnne_ros.rl.rollout import Rollout
from dnne_ros.rl.symmetry import Mirror, Symmetry

pytest.importorskip("rsl_rl")

from rsl_rl.algorithms import PPO as PeerPPO
from rsl_rl.models import CNNModel, MLPModel, RNNModel
from rsl_rl.storage import RolloutStorage
from tensordict import TensorDict

HORIZON, NUM_ENVS, OBSERVED, PRIVILEGED = 12, 8, 5, 7
PICTURE = (2, 6, 5)
PRIVILEGED_MIRROR = Mirror.parse("-0, 1, 3, 2, -6, 5, -4")
SPEC = PolicySpec(OBSERVED, 2, (16, 16), "elu", False, -0.5)
CONFIG = PPOConfig(num_epochs=2, minibatch_size=HORIZON * NUM_ENVS, gamma=0.97, gae_lambda=0.9,
                   value_coef=0.7, entropy_coef=0.02, learning_rate=3e-3, max_grad_norm=1e9)
KINDS = {
    "asymmetric": {"critic_observation_size": PRIVILEGED, "normalize_observations": True},
    "critic of its own sizes": {"critic_hidden_sizes": (8, 24)},
    "scalar std": {"std_type": "scalar"},
    "picture": {"observation_size": OBSERVED + 60, "picture": PICTURE,
                "convolutions": ((4, 3, 1), (3, 2, 2)), "normalize_observations": True},
    "gru": {"memory": "gru", "memory_size": 6},
    "lstm": {"memory": "lstm", "memory_size": 6},
    "two layers, asymmetric, normalised": {
        "memory": "lstm", "memory_size": 6, "memory_layers": 2, "normalize_observations": True,
        "critic_observation_size": PRIVILEGED}}


def draws(seed=0):
    """Return a seeded generator."""
    generator = torch.Generator()
    generator.manual_seed(seed)
    return generator


def groups_of(observations, privileged, count=NUM_ENVS):
    """Return rsl_rl's groups; the numbers behind the first of ours are a picture's."""
    groups = {"policy": observations[:, :OBSERVED], "critic": privileged}
    if observations.shape[1] > OBSERVED:
        groups["camera"] = observations[:, OBSERVED:].view(count, *PICTURE)
    return TensorDict(groups, batch_size=[count])


class Pair:
    """Our learner and rsl_rl's, with the same weights, and what acts for both."""

    def __init__(self, spec, config, symmetry=None):
        self.order = draws()
        self.policy = ActorCritic(spec, draws())
        self.ppo = PPO(self.policy, config, self.order, symmetry=symmetry)
        self.spec, self.config, self.symmetry = spec, config, symmetry
        self.peer = self._peer()
        self.generator = draws(1)
        self.memory = torch.zeros(NUM_ENVS, self.policy.memory_width)
        self.rollout = Rollout(
            HORIZON, NUM_ENVS, spec.observation_size, 2, memory_width=self.policy.memory_width,
            critic_observation_size=spec.critic_observation_size, keeps_distributions=True)

    def _peer(self):
        spec, config = self.spec, self.config
        example = groups_of(torch.zeros(NUM_ENVS, spec.observation_size),
                            torch.zeros(NUM_ENVS, PRIVILEGED))
        seen = ["policy", "camera"] if spec.picture else ["policy"]
        groups = {"actor": seen, "critic": ["critic"] if spec.critic_observation_size else seen}
        kind, common = MLPModel, {"activation": spec.activation,
                                  "obs_normalization": spec.normalize_observations}
        if spec.memory:
            kind = RNNModel
            common |= {"rnn_type": spec.memory, "rnn_hidden_dim": spec.memory_size,
                       "rnn_num_layers": spec.memory_layers}
        if spec.picture:
            kind = CNNModel
            kernels, sizes, strides = map(list, zip(*spec.convolutions, strict=True))
            common["cnn_cfg"] = {"output_channels": kernels, "kernel_size": sizes,
                                 "stride": strides}
        actor = kind(example, groups, "actor", 2, hidden_dims=spec.hidden_sizes, **common,
                     distribution_cfg={"class_name": "GaussianDistribution",
                                       "std_type": spec.std_type})
        critic = kind(example, groups, "critic", 1, **common,
                      hidden_dims=spec.critic_hidden_sizes or spec.hidden_sizes)
        storage = RolloutStorage("rl", NUM_ENVS, HORIZON, example, [2])
        peer = PeerPPO(
            actor, critic, storage, num_learning_epochs=config.num_epochs,
            num_mini_batches=HORIZON * NUM_ENVS // config.minibatch_size,
            clip_param=config.clip_param, gamma=config.gamma, lam=config.gae_lambda,
            value_loss_coef=config.value_coef, entropy_coef=config.entropy_coef,
            learning_rate=config.learning_rate, max_grad_norm=config.max_grad_norm,
            use_clipped_value_loss=config.clip_value_loss, schedule=config.lr_schedule,
            desired_kl=config.desired_kl, symmetry_cfg=self._symmetry_cfg())
        for mine, its in self.pairs(peer):
            its.data.copy_(mine.data)
        return peer

    def _symmetry_cfg(self):
        """Return rsl_rl's settings: its function gives rows and, behind them, mirrored ones."""
        if self.symmetry is None:
            return None

        def mirrored(env, obs, actions):
            if obs is not None:
                twice = groups_of(obs["policy"], obs["critic"], len(obs["policy"]))
                obs = torch.cat([twice, groups_of(
                    self.symmetry.observations(obs["policy"]),
                    PRIVILEGED_MIRROR(obs["critic"]), len(obs["policy"]))])
            if actions is not None:
                actions = torch.cat([actions, self.symmetry.actions(actions)])
            return obs, actions

        return {"env": None, "data_augmentation_func": mirrored,
                "use_data_augmentation": self.config.augment_mirrored,
                "use_mirror_loss": self.config.mirror_loss_coef > 0,
                "mirror_loss_coeff": self.config.mirror_loss_coef}

    def pairs(self, peer=None):
        """Yield each parameter of ours with rsl_rl's."""
        peer, policy = peer or self.peer, self.policy
        parts = [(policy.actor, peer.actor.mlp), (policy.critic, peer.critic.mlp)]
        if policy.actor_memory is not None:
            parts += [(policy.actor_memory.layers, peer.actor.rnn.rnn),
                      (policy.critic_memory.layers, peer.critic.rnn.rnn)]
        if policy.pictures is not None:
            parts += [(policy.pictures, peer.actor.cnns), (policy.critic_pictures,
                                                           peer.critic.cnns)]
        for mine, its in parts:
            yield from zip(mine.parameters(), its.parameters(), strict=True)
        spread = peer.actor.distribution
        yield (policy.log_std, spread.log_std_param) if self.spec.std_type == "log" \
            else (policy.std, spread.std_param)

    @torch.no_grad()
    def act(self, observations, privileged):
        """Return what our policy says; rsl_rl's says the same."""
        seen = privileged if self.spec.critic_observation_size else None
        if self.spec.memory:
            output, self.memory = self.policy.act_after(
                self.memory, observations, self.generator, critic_observations=seen)
        else:
            output = self.policy.act(observations, self.generator, critic_observations=seen)
        self.peer.act(groups_of(observations, privileged))
        step = self.peer.transition
        torch.testing.assert_close(step.values.squeeze(1), output.value, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(step.distribution_params[0], output.mean, rtol=1e-5, atol=1e-5)
        step.actions, step.values = output.actions, output.value.unsqueeze(1)
        step.actions_log_prob = output.log_prob
        step.distribution_params = (output.mean, output.std)
        return output

    def collect(self, seed):
        """Fill both with the same transitions; return what follows them."""
        random = draws(seed)

        def observed():
            size = self.spec.observation_size
            return (2.0 * torch.randn(NUM_ENVS, size, generator=random) + 1.0,
                    3.0 * torch.randn(NUM_ENVS, PRIVILEGED, generator=random))

        for _ in range(HORIZON):
            observations, privileged = observed()
            output = self.act(observations, privileged)
            rewards = torch.randn(NUM_ENVS, generator=random)
            dice = torch.rand(NUM_ENVS, generator=random)
            terminated, timed_out = dice < 0.1, dice > 0.9
            done = terminated | timed_out
            self.rollout.add(output, rewards, terminated, timed_out)
            self.memory = torch.where(done.unsqueeze(1), 0.0, self.memory)
            self.peer.process_env_step(groups_of(observations, privileged), rewards, done,
                                       {"time_outs": timed_out.float()})
        return observed()

    def update(self, last):
        """Update both; return both statistics."""
        observations, privileged = last
        seen = privileged if self.spec.critic_observation_size else observations
        with torch.no_grad():
            self.peer.compute_returns(groups_of(observations, privileged))
        advantages, returns = targets(self.policy, self.config, self.rollout, seen)
        torch.testing.assert_close(self.peer.storage.returns.squeeze(2), returns,
                                   rtol=1e-5, atol=1e-5)
        # Of n numbers rsl_rl takes the deviation of a sample, we that of a population.
        std, mean = torch.std_mean(advantages, correction=0)
        self.peer.storage.advantages = ((advantages - mean) / (std + 1e-8)).unsqueeze(2)
        torch.set_rng_state(self.order.get_state())  # rsl_rl draws from torch's own generator
        theirs = self.peer.update()
        _, stats = finish(self.ppo.update(self.rollout, seen))
        self.rollout.clear()
        return stats, theirs

    def assert_same_weights(self):
        for mine, its in self.pairs():
            torch.testing.assert_close(mine, its, rtol=1e-5, atol=3e-6)


def targets(policy, config, rollout, last):
    """Return our advantages and returns, as `PPO` computes them."""
    with torch.no_grad():
        if rollout.memory is not None:
            following = next_values_remembered(rollout, last, policy.value_after)
        else:
            following = next_values(rollout.values, policy.value(last), rollout.timed_out, None,
                                    policy.value)
        return advantages_and_returns(
            rollout.rewards, rollout.values, following, rollout.terminated, rollout.done,
            config.gamma, config.gae_lambda)


@pytest.mark.parametrize("kind", KINDS)
def test_updates_give_the_same_weights(kind):
    """Three updates in a row: Adam's moments count, and what is remembered goes on."""
    pair = Pair(replace(SPEC, **KINDS[kind]), CONFIG)
    for seed in range(3):
        last = pair.collect(seed)
        assert pair.rollout.terminated[:-1].any() and pair.rollout.timed_out[:-1].any()
        mine, its = pair.update(last)
        assert mine.policy_loss == pytest.approx(its["surrogate"], rel=1e-4, abs=1e-6)
        assert mine.value_loss == pytest.approx(its["value"], rel=1e-4)
        assert mine.entropy == pytest.approx(its["entropy"], rel=1e-5)
        pair.assert_same_weights()
    if pair.spec.memory:
        assert pair.memory.abs().sum() > 0


@pytest.mark.parametrize("memory", ["gru", "lstm"])
def test_an_adaptive_rate_follows_the_same_divergences(memory):
    pair = Pair(replace(SPEC, memory=memory, memory_size=6),
                replace(CONFIG, lr_schedule="adaptive"))
    for seed in range(2):
        mine, _ = pair.update(pair.collect(seed))
        assert mine.learning_rate == pytest.approx(pair.peer.learning_rate)
        pair.assert_same_weights()
    assert mine.learning_rate != CONFIG.learning_rate


def test_minibatches_are_of_whole_environments(monkeypatch):
    """rsl_rl takes environments in their order; with ours in that order, too, all is the same."""
    pair = Pair(replace(SPEC, memory="lstm", memory_size=6),
                replace(CONFIG, minibatch_size=HORIZON * NUM_ENVS // 2))
    monkeypatch.setattr(torch, "randperm", lambda count, **_: torch.arange(count))
    for seed in range(2):
        pair.update(pair.collect(seed))
        pair.assert_same_weights()


@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("options", [
    {"augment_mirrored": True}, {"mirror_loss_coef": 0.8},
    {"augment_mirrored": True, "mirror_loss_coef": 0.8, "lr_schedule": "adaptive"}],
    ids=["augmented", "mirror loss", "both, adaptive"])
def test_mirrored_transitions_teach_the_same(options, asymmetric):
    spec = replace(SPEC, critic_observation_size=PRIVILEGED if asymmetric else 0)
    symmetry = Symmetry(Mirror.parse("1, 0, -2, 3, -4"), Mirror.parse("-1, -0"),
                        PRIVILEGED_MIRROR if asymmetric else None)
    config = replace(CONFIG, minibatch_size=HORIZON * NUM_ENVS, num_epochs=2, **options)
    pair = Pair(spec, config, symmetry)
    for seed in range(2):
        mine, its = pair.update(pair.collect(seed))
        assert mine.policy_loss == pytest.approx(its["surrogate"], rel=1e-4, abs=1e-6)
        assert mine.learning_rate == pytest.approx(pair.peer.learning_rate)
        pair.assert_same_weights()
