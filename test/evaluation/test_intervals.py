"""Confidence intervals: by hand, and by how often they hold what they should."""

import numpy as np
import pytest

from dnne_ros.evaluation.intervals import LEVEL, mean_of, share_of

_SAMPLES = 2000


def held(estimates, true):
    """Return in which share of the intervals the true value is."""
    return sum(each.low <= true <= each.high for each in estimates) / len(estimates)


def test_a_mean_by_hand():
    """1, 2, 3, 4: mean 2.5, deviation sqrt(5/3); t(0.975, 3) is 3.182446."""
    found = mean_of([1.0, 2.0, 3.0, 4.0])
    half = 3.182446 * (5 / 3) ** 0.5 / 2
    assert found == pytest.approx((2.5, 2.5 - half, 2.5 + half), rel=1e-6)


def test_equal_values_have_no_width_and_a_single_one_has_no_interval():
    assert mean_of([500.0] * 7) == (500.0, 500.0, 500.0)
    assert mean_of([3.0]) == (3.0, None, None)


def test_a_share_by_hand():
    """Of ten hits, p^10 = 0.025 at the lower end; of none, (1 - p)^10 at the upper one."""
    assert share_of(10, 10) == pytest.approx((1.0, 0.025 ** 0.1, 1.0))
    assert share_of(0, 10) == pytest.approx((0.0, 0.0, 1 - 0.025 ** 0.1))


@pytest.mark.parametrize("count", [30, 300])
def test_intervals_of_means_hold_the_true_mean_as_often_as_they_say(count):
    """Returns as of a pole that falls with 1 % in each step: skewed, with a mean of 100."""
    draws = np.random.default_rng(3).geometric(0.01, (_SAMPLES, count)).astype(float)
    assert held([mean_of(row.tolist()) for row in draws], 100.0) == pytest.approx(LEVEL, abs=0.03)


@pytest.mark.parametrize("true", [0.5, 0.9, 0.99])
def test_intervals_of_shares_hold_the_true_share_at_least_as_often_as_they_say(true):
    hits = np.random.default_rng(4).binomial(100, true, _SAMPLES)
    assert held([share_of(int(each), 100) for each in hits], true) >= LEVEL
