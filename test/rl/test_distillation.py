"""A student learns what its teacher does: the same updates in rsl_rl and here."""

from dataclasses import replace

import pytest
import torch
from updates import finish

from dnne_ros.learning.finite import NotFiniteError
from dnne_ros.rl.distillation import Distillation, DistillationConfig, TaughtRollout
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec

HORIZON, NUM_ENVS, OBSERVED, ACTIONS = 10, 4, 5, 2
SPEC = PolicySpec(OBSERVED, ACTIONS, (16, 16), "elu", False, -0.5)
CONFIG = DistillationConfig(num_epochs=2, gradient_length=5, learning_rate=3e-3)
KINDS = {
    "plain": ({}, {}), "huber, clipped": ({}, {"loss_type": "huber", "max_grad_norm": 0.05}),
    "normalised": ({"normalize_observations": True}, {}),
    "gru": ({"memory": "gru", "memory_size": 6}, {}),
    "lstm": ({"memory": "lstm", "memory_size": 6, "memory_layers": 2}, {})}


def draws(seed=0):
    """Return a seeded generator."""
    return torch.Generator().manual_seed(seed)


class Student:
    """Ours, and what acts with it."""

    def __init__(self, spec=SPEC, config=CONFIG):
        self.policy = ActorCritic(spec, draws())
        self.distillation = Distillation(self.policy, config)
        self.memory = torch.zeros(NUM_ENVS, self.policy.memory_width)
        self.rollout = None

    def act(self, observations, generator):
        if not self.policy.memory_width:
            return self.policy.act(observations, generator)
        output, self.memory = self.policy.act_after(self.memory, observations, generator)
        return output

    def collect(self, seed, noted=lambda *_: None):
        """Fill a rollout; ``noted`` is told each step."""
        random, generator = draws(seed), draws(seed + 100)
        for _ in range(HORIZON):
            observations = 2.0 * torch.randn(NUM_ENVS, OBSERVED, generator=random) + 1.0
            taught = torch.randn(NUM_ENVS, ACTIONS, generator=random)
            done = torch.rand(NUM_ENVS, generator=random) < 0.2
            output = self.act(observations, generator)
            if self.rollout is None:
                self.rollout = TaughtRollout(output, HORIZON)
            self.rollout.add(output, torch.zeros(NUM_ENVS), done, taught)
            self.memory = torch.where(done.unsqueeze(1), 0.0, self.memory)
            noted(observations, output, taught, done)

    def learn(self, seed, noted=lambda *_: None):
        self.collect(seed, noted)
        _, stats = finish(self.distillation.update(self.rollout))
        self.rollout.transitions.clear()
        return stats


def peer_of(student, spec, config):
    """Return rsl_rl's algorithm with the same weights, and pairs of parameters."""
    from rsl_rl.algorithms import Distillation as Peer
    from rsl_rl.models import MLPModel, RNNModel
    from rsl_rl.storage import RolloutStorage
    from tensordict import TensorDict

    example = TensorDict({"policy": torch.zeros(NUM_ENVS, OBSERVED)}, batch_size=[NUM_ENVS])
    groups = {"student": ["policy"], "teacher": ["policy"]}
    kind, memory = MLPModel, {}
    if spec.memory:
        kind = RNNModel
        memory = {"rnn_type": spec.memory, "rnn_hidden_dim": spec.memory_size,
                  "rnn_num_layers": spec.memory_layers}
    network = kind(example, groups, "student", ACTIONS, hidden_dims=spec.hidden_sizes,
                   activation=spec.activation, obs_normalization=spec.normalize_observations,
                   distribution_cfg={"class_name": "GaussianDistribution", "std_type": "log"},
                   **memory)
    teacher = MLPModel(example, groups, "teacher", ACTIONS)
    peer = Peer(network, teacher,
                RolloutStorage("distillation", NUM_ENVS, HORIZON, example, [ACTIONS]),
                num_learning_epochs=config.num_epochs, gradient_length=config.gradient_length,
                learning_rate=config.learning_rate, max_grad_norm=config.max_grad_norm or None,
                loss_type=config.loss_type)
    parts = [(student.policy.actor, network.mlp)]
    if spec.memory:
        parts.append((student.policy.actor_memory.layers, network.rnn.rnn))
    pairs = [pair for mine, its in parts
             for pair in zip(mine.parameters(), its.parameters(), strict=True)]
    for mine, its in pairs:
        its.data.copy_(mine.data)
    return peer, pairs


@pytest.mark.parametrize("kind", KINDS)
def test_updates_give_the_same_weights_as_rsl_rl(kind):
    """Three updates, in which episodes end; each begins with what the student remembered."""
    pytest.importorskip("rsl_rl")
    from tensordict import TensorDict

    options, learning = KINDS[kind]
    spec, config = replace(SPEC, **options), replace(CONFIG, **learning)
    student = Student(spec, config)
    peer, pairs = peer_of(student, spec, config)

    def noted(observations, output, taught, done):
        seen = TensorDict({"policy": observations}, batch_size=[NUM_ENVS])
        peer.act(seen)
        peer.transition.actions, peer.transition.privileged_actions = output.actions, taught
        peer.process_env_step(seen, torch.zeros(NUM_ENVS), done, {})

    for seed in range(3):
        if spec.memory:  # rsl_rl goes on with what its training has left
            student.memory.zero_()
            peer.last_hidden_states = (None, None)
            peer.student.reset()
        stats = student.learn(seed, noted)
        its = peer.update()
        assert stats.loss == pytest.approx(its["behavior"], rel=1e-5)
        for mine, theirs in pairs:
            torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=3e-6)
        if spec.normalize_observations:
            torch.testing.assert_close(student.policy.observation_normalizer.mean,
                                       peer.student.obs_normalizer.mean.squeeze(0))


def test_only_the_actor_learns():
    student = Student(replace(SPEC, memory="gru", memory_size=6))
    before = {name: tensor.clone() for name, tensor in student.policy.state_dict().items()}
    student.learn(0)
    changed = {name.split(".")[0] for name, tensor in student.policy.state_dict().items()
               if not torch.equal(tensor, before[name])}
    assert changed == {"actor", "actor_memory"}


def test_a_memory_goes_on_from_what_was_remembered_when_it_acted():
    spec = replace(SPEC, memory="lstm", memory_size=6)
    one, other = Student(spec), Student(spec)
    other.memory += 0.5
    one.learn(0)
    other.learn(0)
    assert not torch.equal(one.policy.actor[0].weight, other.policy.actor[0].weight)


@pytest.mark.parametrize("length, steps", [(4, 5), (15, 2), (30, 1)])
def test_steps_behind_the_last_whole_length_are_learned_from_too(length, steps):
    student = Student(config=replace(CONFIG, gradient_length=length))
    student.collect(0)
    assert len(list(student.distillation.update(student.rollout))) == steps


def test_what_is_saved_goes_on_bit_by_bit():
    one, other = Student(), Student()
    one.learn(0)
    other.policy.load_state_dict(one.policy.state_dict())
    other.distillation.restore(*one.distillation.state())
    one.learn(1)
    other.learn(1)
    for name, tensor in one.policy.state_dict().items():
        assert torch.equal(tensor, other.policy.state_dict()[name])
    other.distillation.restore({}, {})  # it had not stepped


def test_what_cannot_be_learned_is_refused():
    with pytest.raises(ValueError, match="expected a student with continuous actions"):
        Distillation(ActorCritic(replace(SPEC, discrete=True), draws()), CONFIG)
    student = Student()
    student.collect(0)
    output = student.policy.act(torch.zeros(NUM_ENVS, OBSERVED), draws())
    with pytest.raises(ValueError, match=r"expected actions \(4, 2\), as the student's, found"):
        student.rollout.add(output, torch.zeros(4), torch.zeros(4).bool(), torch.zeros(4, 3))


def test_weights_that_are_no_numbers_are_named():
    student = Student(config=replace(CONFIG, learning_rate=float("inf")))
    with pytest.raises(NotFiniteError, match="update 7: .*the policy's log_std is not finite"):
        student.distillation.check(student.learn(0), "update 7")
