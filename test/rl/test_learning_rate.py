"""Schedules of the learning rate, by hand."""

from dataclasses import replace

import pytest
import torch

from dnne_ros.rl.learning_rate import LearningRate, LearningRateOnDevice
from dnne_ros.rl.ppo_config import PPOConfig

CONFIG = PPOConfig(learning_rate=1e-3, desired_kl=0.01, min_learning_rate=1e-4,
                   max_learning_rate=2e-3, schedule_updates=4)


def test_an_unknown_schedule_is_refused():
    with pytest.raises(ValueError, match="expected one of fixed, linear, adaptive, found 'x'"):
        PPOConfig(lr_schedule="x")


def test_linear_goes_down_to_the_lowest_and_stays():
    config = replace(CONFIG, lr_schedule="linear")
    rate, seen = LearningRate(config), []
    for _ in range(6):
        rate.begin_update(config)
        seen.append(rate.value)
    assert seen == pytest.approx([1e-3, 7.75e-4, 5.5e-4, 3.25e-4, 1e-4, 1e-4])


def on_device(config):
    """Return the rate of a device, which a CPU may be, too."""
    return LearningRateOnDevice(config, torch.device("cpu"))


BOTH = pytest.mark.parametrize("kind", [LearningRate, on_device])


def adapt(rate, kl, config=CONFIG, *, moved=True):
    """Let a rate react in an update of its own: to 0 before, if the policy has ``moved``."""
    rate.begin_update(config)
    for each in ([0.0] if moved else []) + [kl]:
        rate.adapt(torch.tensor(each), config)
    rate.end_update()
    return rate.value


ADAPTIVE = replace(CONFIG, lr_schedule="adaptive")


@BOTH
@pytest.mark.parametrize("kl, factor", [
    (0.021, 1 / 1.5), (0.019, 1.0), (0.006, 1.0), (0.004, 1.5), (0.0, 1.0)])
def test_adaptive_reacts_beyond_twice_and_half(kind, kl, factor):
    assert adapt(kind(ADAPTIVE), kl, ADAPTIVE) == pytest.approx(1e-3 * factor)


@BOTH
@pytest.mark.parametrize("kl, factor", [(1e-14, 1.0), (0.004, 1.0), (0.021, 1 / 1.5)])
def test_adaptive_does_not_rise_by_the_rounding_of_a_policy_that_has_not_moved(kind, kl, factor):
    rate = kind(ADAPTIVE)
    assert adapt(rate, kl, ADAPTIVE, moved=False) == pytest.approx(1e-3 * factor)
    assert adapt(rate, 1e-14, ADAPTIVE, moved=False) == pytest.approx(1e-3 * factor)


@BOTH
def test_adaptive_keeps_its_limits_and_its_rate_from_update_to_update(kind):
    rate = kind(ADAPTIVE)
    for _ in range(9):
        lowest = adapt(rate, 1.0, ADAPTIVE)
    for _ in range(9):
        highest = adapt(rate, 1e-4, ADAPTIVE)
    assert (lowest, highest) == (pytest.approx(1e-4), pytest.approx(2e-3))


def test_the_rate_of_a_device_is_the_same_tensor_whatever_it_is():
    rate = on_device(ADAPTIVE)
    before = rate.rate
    adapt(rate, 1.0, ADAPTIVE)
    assert rate.rate is before and before.item() == pytest.approx(1e-3 / 1.5)


@BOTH
def test_a_rate_that_is_changed_by_hand_counts(kind):
    rate = kind(ADAPTIVE)
    adapt(rate, 1.0, ADAPTIVE)
    rate.begin_update(replace(ADAPTIVE, learning_rate=5e-4))
    assert rate.value == 5e-4
    rate.begin_update(replace(CONFIG, learning_rate=7e-4))
    assert rate.value == 7e-4


@BOTH
def test_restored_it_goes_on(kind):
    rate, other = kind(ADAPTIVE), kind(ADAPTIVE)
    adapt(rate, 1.0, ADAPTIVE, moved=False)
    other.restore(rate.state())
    for each in (rate, other):
        each.begin_update(ADAPTIVE)
    assert other.value == rate.value == pytest.approx(1e-3 / 1.5)
    assert float(other.rate) == pytest.approx(1e-3 / 1.5)
    other.restore({})  # a checkpoint from before there were schedules
    assert other.value == rate.value
