"""Schedules of the learning rate, by hand."""

from dataclasses import replace

import pytest

from dnne_ros.rl.learning_rate import LearningRate
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


@pytest.mark.parametrize("kl, factor", [
    (0.021, 1 / 1.5), (0.019, 1.0), (0.006, 1.0), (0.004, 1.5), (0.0, 1.0)])
def test_adaptive_reacts_beyond_twice_and_half(kl, factor):
    rate = LearningRate(CONFIG)
    rate.adapt(kl, CONFIG, True)
    assert rate.value == pytest.approx(1e-3 * factor)


@pytest.mark.parametrize("kl, factor", [(1e-14, 1.0), (0.004, 1.0), (0.021, 1 / 1.5)])
def test_adaptive_does_not_rise_by_the_rounding_of_a_policy_that_has_not_moved(kl, factor):
    rate = LearningRate(CONFIG)
    rate.adapt(kl, CONFIG, False)
    assert rate.value == pytest.approx(1e-3 * factor)


def test_adaptive_keeps_its_limits_and_its_rate_from_update_to_update():
    config = replace(CONFIG, lr_schedule="adaptive")
    rate = LearningRate(config)
    for _ in range(9):
        rate.begin_update(config)
        rate.adapt(1.0, config, True)
    assert rate.value == 1e-4
    for _ in range(9):
        rate.adapt(1e-4, config, True)
    assert rate.value == 2e-3


def test_a_rate_that_is_changed_by_hand_counts():
    config = replace(CONFIG, lr_schedule="adaptive")
    rate = LearningRate(config)
    rate.adapt(1.0, config, True)
    rate.begin_update(replace(config, learning_rate=5e-4))
    assert rate.value == 5e-4
    rate.begin_update(replace(CONFIG, learning_rate=7e-4))
    assert rate.value == 7e-4


def test_restored_it_goes_on():
    config = replace(CONFIG, lr_schedule="adaptive")
    rate, other = LearningRate(config), LearningRate(config)
    rate.begin_update(config)
    rate.adapt(1.0, config, True)
    other.restore(rate.state())
    for each in (rate, other):
        each.begin_update(config)
    assert other.value == rate.value == pytest.approx(1e-3 / 1.5)
    other.restore({})  # a checkpoint from before there were schedules
    assert other.value == rate.value
