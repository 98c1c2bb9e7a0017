"""Memories along a rollout are those of one step after the other."""

import pytest
import torch

from dnne_ros.rl.bootstrap import next_values_remembered
from dnne_ros.rl.memory import Memory
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.rollout import Rollout
from dnne_ros.rl.trajectories import Trajectories

STEPS, ENVS = 7, 4
DONE = torch.zeros(STEPS, ENVS, dtype=torch.bool)
DONE[[0, 2, 3, 6], [1, 1, 2, 0]] = True  # one of a single step, one that ends at the end


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def test_stretches_are_cut_where_episodes_end():
    rows = torch.arange(STEPS * ENVS, dtype=torch.float32).unsqueeze(1)
    trajectories = Trajectories(DONE)
    padded = trajectories.padded(rows)
    assert padded.shape == (STEPS, 7, 1)
    assert torch.equal(trajectories.unpadded(padded), rows)
    assert padded[:2, 2].flatten().tolist() == [5.0, 9.0]
    beginnings = trajectories.beginnings(torch.ones(ENVS, 2))
    assert beginnings[:, 0].tolist() == [1, 1, 0, 0, 1, 0, 1]


@pytest.mark.parametrize("cell, layers", [("gru", 1), ("lstm", 2)])
def test_padding_changes_nothing(cell, layers):
    memory = Memory(cell, 3, 5, layers, draws())
    features = torch.randn(STEPS, ENVS, 3, generator=draws(1))
    before = torch.randn(ENVS, memory.width, generator=draws(2))
    trajectories = Trajectories(DONE)
    along = memory.along(features.flatten(0, 1), trajectories, trajectories.beginnings(before))
    stepped, state = [], before
    for step in range(STEPS):
        given, state = memory.step(features[step], state)
        stepped.append(given)
        state = state.masked_fill(DONE[step].unsqueeze(1), 0.0)
    torch.testing.assert_close(along, torch.cat(stepped), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("knows_next", [True, False])
def test_values_of_what_followed_remember_the_steps_before(knows_next):
    """By hand: the critic is asked at each time-out with what it remembered there."""
    spec = PolicySpec(3, 1, (4,), memory="gru", memory_size=4)
    policy = ActorCritic(spec, draws())
    rollout = Rollout(STEPS, ENVS, 3, 1, memory_width=policy.memory_width)
    memory, memories = torch.zeros(ENVS, policy.memory_width), []
    seen = torch.randn(STEPS + 1, 2, ENVS, 3, generator=draws(1))
    for step in range(STEPS):
        output, memory = policy.act_after(memory, seen[step, 0], draws(2))
        memories.append(memory)
        rollout.add(output, torch.zeros(ENVS), torch.zeros(ENVS, dtype=torch.bool), DONE[step],
                    seen[step, 1] if knows_next else None)
        memory = memory.masked_fill(DONE[step].unsqueeze(1), 0.0)
    with torch.no_grad():
        found = next_values_remembered(rollout, seen[-1, 0], policy.value_after)
        for step in range(STEPS):
            last = step == STEPS - 1
            goes_on = memories[step].masked_fill(DONE[step].unsqueeze(1), 0.0)
            expected = policy.value_after(seen[step + 1, 0], goes_on)[0]
            cut = policy.value_after(seen[step, 1], memories[step])[0] if knows_next \
                else rollout.values[step]
            torch.testing.assert_close(found[step], torch.where(DONE[step], cut, expected),
                                       rtol=1e-5, atol=1e-6, msg=f"{step} {last}")


def test_minibatches_are_whole_environments_in_random_order():
    spec = PolicySpec(3, 1, (4,), memory="gru", memory_size=4)
    policy = ActorCritic(spec, draws())
    rollout = Rollout(STEPS, ENVS, 3, 1, memory_width=policy.memory_width)
    for step in range(STEPS):
        observations = torch.arange(ENVS, dtype=torch.float32).view(-1, 1).expand(ENVS, 3) + step
        output, _ = policy.act_after(torch.ones(ENVS, policy.memory_width), observations, draws())
        rollout.add(output, torch.zeros(ENVS), *torch.zeros(2, ENVS, dtype=torch.bool))
    zeros = torch.zeros(STEPS, ENVS)
    batches = list(rollout.minibatches(zeros, zeros, 2 * STEPS + 1, draws()))
    assert [len(batch.memory) for batch in batches] == [2, 2]
    first = torch.cat([batch.observations.view(STEPS, 2, 3)[0, :, 0] for batch in batches])
    assert sorted(first.tolist()) == [0.0, 1.0, 2.0, 3.0] != first.tolist()
    for batch in batches:
        steps = batch.observations.view(STEPS, 2, 3)[:, :, 0]
        assert torch.equal(steps, steps[0] + torch.arange(STEPS).unsqueeze(1))
    whole, = rollout.minibatches(zeros, zeros, 10_000, draws())
    assert len(whole.memory) == ENVS


def test_an_output_without_what_others_had_is_refused():
    policy = ActorCritic(PolicySpec(3, 1, (4,)), draws())
    rollout = Rollout(2, ENVS, 3, 1, critic_observation_size=5)
    with pytest.raises(ValueError, match="critic_observations: expected some in each policy"):
        rollout.add(policy.act(torch.zeros(ENVS, 3), draws()), torch.zeros(ENVS),
                    *torch.zeros(2, ENVS, dtype=torch.bool))
