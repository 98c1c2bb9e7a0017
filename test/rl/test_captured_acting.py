"""Acting as a CUDA graph, which a function of the same form plays where there is no GPU."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from devices import CAPTURED, KINDS, NoConstants, OnDeviceAlone

from dnne_ros.cuda_graphs import Captured
from dnne_ros.learning.flat_parameters import FlatParameters
from dnne_ros.rl import distributions
from dnne_ros.rl.captured_acting import CapturedActing
from dnne_ros.rl.policy import ActorCritic


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def seen(kind, seed, device="cpu", rows=4):
    """Return observations, and what a critic sees that sees others."""
    spec = KINDS[kind]
    observations, for_critic = (
        torch.randn(rows, size, generator=draws(seed)).to(device)
        for size in (spec.observation_size, spec.critic_observation_size))
    return observations, for_critic if spec.critic_observation_size else None


def parts(output):
    return {name: part for name, part in vars(output).items() if part is not None}


@pytest.fixture
def captures():
    """Return a list, and what plays a capture and notes it there: work is done when launched."""
    made = []

    def capture(work, generator):
        before = generator.get_state()
        found = work()
        found = replace(found, **{name: part.clone() for name, part in parts(found).items()})
        generator.set_state(before)
        made.append(found)

        def launch():
            for name, part in parts(work()).items():
                getattr(found, name).copy_(part)

        return found, launch

    return made, capture


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("kind", CAPTURED)
def test_it_acts_as_the_policy_does_bit_by_bit_while_that_learns(kind, deterministic, captures):
    made, capture = captures
    policy = ActorCritic(KINDS[kind], draws())
    captured = CapturedActing(partial(
        Captured, aside=lambda _, work: work(), capture=capture))
    one, other, given = draws(1), draws(1), []
    for step in range(12):
        if step == 6:
            FlatParameters(policy)  # weights are elsewhere from now on
        observations, for_critic = seen(kind, step, rows=4 if step < 11 else 5)
        options = {"deterministic": deterministic, "critic_observations": for_critic}
        expected = policy.act(observations, one, **options)
        found = captured.act(policy, observations, other, **options)
        assert parts(found).keys() == parts(expected).keys()
        given.append((expected, found))
        with torch.no_grad():
            for parameter in policy.parameters():
                parameter.mul_(1.01)
    for expected, found in given:  # nothing wrote over them later
        for name, part in parts(expected).items():
            assert torch.equal(part, getattr(found, name)), name
    assert len(made) == 2


@pytest.mark.parametrize("kind", CAPTURED)
def test_to_act_waits_for_nothing_and_brings_nothing_to_the_device(kind, without_numbers):
    policy = ActorCritic(KINDS[kind], draws()).to("meta")
    observations, for_critic = seen(kind, 0, "meta")
    with OnDeviceAlone(), NoConstants():
        policy.act(observations, draws(), critic_observations=for_critic)


def test_choices_are_drawn_on_a_device_as_torch_draws_them(monkeypatch):
    chances = torch.rand(1000, 5, generator=draws()).softmax(-1)
    expected = torch.multinomial(chances, 1, generator=draws(1))
    monkeypatch.setattr(distributions, "is_on_cpu", lambda _: False)
    assert torch.equal(distributions._chosen(chances, draws(1)), expected)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("kind", CAPTURED)
def test_a_gpu_acts_the_same_captured_or_not_and_is_not_waited_for(kind):
    policy, captured = ActorCritic(KINDS[kind], draws()).to("cuda"), CapturedActing()
    one, other = (torch.Generator("cuda").manual_seed(1) for _ in range(2))
    for step in range(8):
        observations, for_critic = seen(kind, step, "cuda")
        expected = policy.act(observations, one, critic_observations=for_critic)
        torch.cuda.synchronize()
        torch.cuda.set_sync_debug_mode("error" if step > 4 else "default")
        try:
            found = captured.act(policy, observations, other, deterministic=False,
                                 critic_observations=for_critic)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        for name, part in parts(expected).items():
            assert torch.equal(part, getattr(found, name)), name
