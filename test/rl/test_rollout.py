"""Storage of transitions."""

import pytest
import torch

from dnne_ros.learning.finite import NotFiniteError
from dnne_ros.rl.policy_output import PolicyOutput
from dnne_ros.rl.rollout import Rollout

FALSE = torch.zeros(3, dtype=torch.bool)


def output(step, n=3):
    """Return an output whose numbers tell step and environment: 10·step + env."""
    tag = 10.0 * step + torch.arange(float(n))
    pair = torch.stack([tag, -tag], dim=1)
    return PolicyOutput(pair, tag[:, None], tag + 100, tag + 200, tag[:, None], None)


def filled(horizon=4):
    """Return a full rollout of 3 environments, with its advantages and returns."""
    rollout = Rollout(horizon, 3, 2, 1)
    for step in range(horizon):
        rollout.add(output(step), torch.full((3,), float(step)), FALSE, FALSE)
    tag = rollout.observations[..., 0]
    return rollout, tag + 300, tag + 400


def draws(seed=0):
    """Return a seeded generator."""
    generator = torch.Generator()
    generator.manual_seed(seed)
    return generator


def test_fills_step_by_step():
    rollout = Rollout(2, 3, 2, 1)
    assert (len(rollout), rollout.full) == (0, False)
    ended = torch.tensor([True, False, False])
    rollout.add(output(0), torch.ones(3), ended, ~ended, -output(0).observations)
    assert rollout.knows_next
    rollout.add(output(1), torch.zeros(3), FALSE, FALSE)
    assert not rollout.knows_next
    assert rollout.full
    assert rollout.observations[1, 2].tolist() == [12.0, -12.0]
    assert rollout.next_observations[0, 2].tolist() == [-2.0, 2.0]
    assert rollout.actions[1].flatten().tolist() == [10.0, 11.0, 12.0]
    assert rollout.log_prob[1].tolist() == [110.0, 111.0, 112.0]
    assert rollout.values[0].tolist() == [200.0, 201.0, 202.0]
    assert rollout.rewards.tolist() == [[1.0] * 3, [0.0] * 3]
    assert rollout.terminated[0].tolist() == [True, False, False]
    assert rollout.timed_out[0].tolist() == [False, True, True]
    with pytest.raises(ValueError, match="all 2 steps of the rollout are taken"):
        rollout.add(output(2), torch.ones(3), FALSE, FALSE)
    rollout.clear()
    assert len(rollout) == 0
    assert rollout.knows_next


def test_an_observation_that_is_no_number_is_named_by_its_item():
    rollout = Rollout(3, 3, 2, 1)
    following = torch.zeros(3, 2)
    for step in range(3):
        rollout.add(output(step), torch.ones(3), FALSE, FALSE, following.clone())
        following[2, 1] = float("nan") if step == 0 else 0.0
    with pytest.raises(NotFiniteError, match=r"^input 'next_observations', item 11: .* "
                                             r"environment 2 \[1\] is nan$"):
        rollout.check_finite(item=12)
    rollout.next_observations.zero_()
    rollout.check_finite(item=12)


def test_another_shape_is_refused_and_changes_nothing():
    rollout = Rollout(2, 3, 2, 1)
    with pytest.raises(ValueError, match=r"rewards: expected shape \(3,\), found \(1,\)"):
        rollout.add(output(1), torch.ones(1), FALSE, FALSE)
    assert len(rollout) == 0
    assert not rollout.observations.any()


@pytest.mark.parametrize("size, sizes", [(5, [5, 5, 2]), (4, [4, 4, 4]), (11, [11, 1]),
                                         (12, [12]), (100, [12]), (1, [1] * 12)])
def test_minibatches_have_every_transition_once(size, sizes):
    rollout, advantages, returns = filled()
    batches = list(rollout.minibatches(advantages, returns, size, draws()))
    assert [len(batch.log_prob) for batch in batches] == sizes
    tags = torch.cat([batch.observations[:, 0] for batch in batches])
    assert sorted(tags.tolist()) == sorted(rollout.observations[..., 0].flatten().tolist())


def test_parts_of_a_minibatch_stay_together():
    rollout, advantages, returns = filled()
    for batch in rollout.minibatches(advantages, returns, 5, draws()):
        tag = batch.observations[:, 0]
        assert torch.equal(batch.observations[:, 1], -tag)
        assert torch.equal(batch.actions[:, 0], tag)
        assert torch.equal(batch.log_prob, tag + 100)
        assert torch.equal(batch.values, tag + 200)
        assert torch.equal(batch.advantages, tag + 300)
        assert torch.equal(batch.returns, tag + 400)


def test_the_generator_decides_the_order():
    rollout, advantages, returns = filled()

    def order(generator):
        batches = rollout.minibatches(advantages, returns, 4, generator)
        return torch.cat([batch.log_prob for batch in batches]).tolist()

    generator = draws(1)
    first = order(generator)
    assert first == order(draws(1))
    assert first != order(generator)  # the next epoch has another order
