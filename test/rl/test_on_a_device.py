"""Updates on a device: nobody waits for it before the end, and steps are captured.

Tensors of the device "meta" have no numbers: whatever waits for one raises.  The captures of CUDA
are played by functions of the same form, and are tried as they are where there is a GPU.
"""

from dataclasses import replace
from functools import partial

import pytest
import torch
from devices import CAPTURED, KINDS, NoConstants, OnDeviceAlone
from updates import finish

from dnne_ros.cuda_graphs import Captured
from dnne_ros.rl import bootstrap, episodes
from dnne_ros.rl.captured_steps import CapturedSteps
from dnne_ros.rl.episodes import EpisodeStatistics
from dnne_ros.rl.learning_rate import LearningRateOnDevice
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.ppo import PPO, PPOConfig
from dnne_ros.rl.rollout import Rollout
from dnne_ros.rl.symmetry import Mirror, Symmetry

CPU = torch.device("cpu")
HORIZON, NUM_ENVS = 5, 4
CONFIG = PPOConfig(num_epochs=3, minibatch_size=6, learning_rate=0.01, max_grad_norm=0.7,
                   lr_schedule="adaptive", desired_kl=0.02, max_learning_rate=0.05)
MIRRORS = Symmetry(Mirror.parse("-0, 2, 1"), Mirror.parse("1, 0"))


def draws(seed):
    return torch.Generator().manual_seed(seed)


def collect(policy, seed, device="cpu"):
    """Return a full rollout of episodes that end in both ways, and what comes last."""
    random, acts = draws(seed), torch.Generator(device if device == "cuda" else "cpu")
    rollout, memory = None, torch.zeros(NUM_ENVS, policy.memory_width, device=device)
    size, seen_by_critic = policy.spec.observation_size, policy.spec.critic_observation_size
    for _ in range(HORIZON):
        observations = torch.randn(NUM_ENVS, size, generator=random).to(device)
        for_critic, following = (
            torch.randn(NUM_ENVS, seen_by_critic or size, generator=random).to(device)
            for _ in range(2))
        options = {"critic_observations": for_critic} if seen_by_critic else {}
        if policy.memory_width:
            output, memory = policy.act_after(memory, observations, acts)
        else:
            output = policy.act(observations, acts, **options)
        if rollout is None:
            rollout = Rollout.like(output, HORIZON, keeps_distributions=True)
        ends = torch.rand(NUM_ENVS, generator=random).to(device)
        rewards = torch.randn(NUM_ENVS, generator=random).to(device)
        rollout.add(output, rewards, ends < 0.2, ends > 0.8, following)
    return rollout, torch.randn(NUM_ENVS, seen_by_critic or size, generator=random).to(device)


def learner(kind, device="cpu", config=CONFIG):
    """Return PPO of a new policy of that kind, which learns in the mirror too if it says so."""
    options = {}
    if kind == "mirrored":
        options = {"symmetry": MIRRORS}
        config = replace(config, augment_mirrored=True, mirror_loss_coef=0.1)
    policy = ActorCritic(KINDS[kind], draws(0)).to(device)
    return PPO(policy, config, draws(1), **options)


@pytest.mark.parametrize("kind", CAPTURED)
def test_an_update_waits_for_the_device_at_its_end(kind, without_numbers):
    ppo = learner(kind, "meta")
    rollout, last = collect(ppo.policy, 0, "meta")
    update = ppo.update(rollout, last)
    for _ in range(CONFIG.num_epochs * 4):
        next(update)
    with pytest.raises((NotImplementedError, RuntimeError), match="meta"):
        next(update)


@pytest.mark.parametrize("kind", CAPTURED)
@pytest.mark.parametrize("config", [CONFIG, replace(
    CONFIG, lr_schedule="fixed", clip_value_loss=True, bounds_loss_coef=0.1)])
def test_what_is_captured_brings_nothing_to_the_device(kind, config, without_numbers):
    ppo = learner(kind, "meta", config)
    rollout, _ = collect(ppo.policy, 0, "meta")
    [batch] = rollout.minibatches(rollout.rewards, rollout.values, 99, draws(0))
    ppo._step(batch, ppo.config)  # what is made once is made now, as by steps before a capture
    with OnDeviceAlone(), NoConstants():
        ppo._step(batch, ppo.config)


def as_on_a_device(monkeypatch, ppo):
    """Have what is on the CPU learned from as if it were elsewhere, and steps captured."""
    for module in (bootstrap, episodes):
        monkeypatch.setattr(module, "is_on_cpu", lambda _: False)
    captures = []

    def capture(work):
        figures = torch.zeros(6), torch.zeros(())
        captures.append(figures)

        def launch():
            for kept, found in zip(figures, work(), strict=True):
                kept.copy_(found)

        return figures, launch

    ppo._learning_rate = LearningRateOnDevice(CONFIG, CPU)
    if not ppo.policy.memory_width:
        ppo._take_step = CapturedSteps(ppo._step, CPU, partial(
            Captured, aside=lambda _, work: work(), capture=capture))
    return captures


@pytest.mark.parametrize("kind", KINDS)
def test_the_policy_learns_what_it_learns_on_a_cpu(kind, monkeypatch):
    here, there = learner(kind), learner(kind)
    rollouts = [collect(here.policy, seed) for seed in range(3)]
    expected = [finish(here.update(*each))[1] for each in rollouts]
    captures = as_on_a_device(monkeypatch, there)
    for rollout, stats in zip(rollouts, expected, strict=True):
        _, found = finish(there.update(*rollout))
        assert vars(found) == pytest.approx(vars(stats), rel=1e-3, abs=1e-5)
    assert expected[-1].learning_rate != CONFIG.learning_rate
    for mine, its in zip(there.policy.state_dict().values(), here.policy.state_dict().values(),
                         strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-4, atol=1e-5)
    assert len(captures) == (0 if kind == "memory" else 2)  # of 6 transitions, and of 2


def test_other_settings_and_another_state_are_captured_anew(monkeypatch):
    ppo = learner("plain")
    rollout = collect(ppo.policy, 0)
    captures = as_on_a_device(monkeypatch, ppo)
    finish(ppo.update(*rollout))
    finish(ppo.update(*rollout))
    assert len(captures) == 2
    ppo.config = replace(CONFIG, clip_param=0.1)
    finish(ppo.update(*rollout))
    finish(ppo.update(*rollout))
    assert len(captures) == 4
    ppo.restore(*ppo.state())  # the optimizer's state is elsewhere then
    finish(ppo.update(*rollout))
    finish(ppo.update(*rollout))
    assert len(captures) == 6


def test_episodes_of_a_device_are_counted_when_somebody_asks(monkeypatch):
    here, there = EpisodeStatistics(3, window=5), EpisodeStatistics(3, window=5)
    random = draws(0)
    steps = [(torch.randn(3, generator=random), torch.rand(3, generator=random) < 0.3)
             for _ in range(40)]
    for step in steps:
        here.add(*step)
    monkeypatch.setattr(episodes, "is_on_cpu", lambda _: False)
    for step in steps[:20]:
        there.add(*step)
    tensors, values = there.state()
    there = EpisodeStatistics(3, window=5)
    there.add(*steps[0])  # forgotten with what is restored
    there.restore(tensors, values)
    for step in steps[20:]:
        there.add(*step)
    assert (there.finished, there.returns, there.lengths) == (
        here.finished, here.returns, here.lengths)
    assert there.mean_running_return == here.mean_running_return


def test_episodes_of_a_device_are_not_kept_without_end(monkeypatch):
    monkeypatch.setattr(episodes, "is_on_cpu", lambda _: False)
    monkeypatch.setattr(episodes, "_MOST_WAITING", 10)
    statistics = EpisodeStatistics(1)
    for _ in range(25):
        statistics.add(torch.ones(1), torch.ones(1, dtype=torch.bool))
    assert len(statistics._waiting) == 5 and statistics.finished == 25


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("kind", CAPTURED)
def test_a_gpu_is_waited_for_once_and_learns_the_same_captured_or_not(kind):
    captured, plain, on_cpu = (learner(kind, device) for device in ("cuda", "cuda", "cpu"))
    plain._take_step = plain._step
    for seed in range(3):
        rollout = collect(on_cpu.policy, seed)
        moved = [collect(plain.policy, seed, "cuda") for _ in range(2)]
        for mine, last in moved:
            for name, tensor in vars(rollout[0]).items():
                if isinstance(tensor, torch.Tensor):
                    getattr(mine, name).copy_(tensor)
            last.copy_(rollout[1])
        updates = [ppo.update(*each) for ppo, each in zip((captured, plain), moved, strict=True)]
        for update in updates:
            torch.cuda.set_sync_debug_mode("error")
            try:
                for _ in range(CONFIG.num_epochs * 4):
                    next(update)
            finally:
                torch.cuda.set_sync_debug_mode("default")
        (_, one), (_, other), (_, expected) = map(finish, (*updates, on_cpu.update(*rollout)))
        assert vars(one) == vars(other)
        assert vars(one) == pytest.approx(vars(expected), rel=1e-3, abs=1e-4)
    for mine, its, there in zip(*(ppo.policy.state_dict().values()
                                  for ppo in (captured, plain, on_cpu)), strict=True):
        assert torch.equal(mine, its)
        torch.testing.assert_close(mine.cpu(), there, rtol=1e-3, atol=1e-4)
