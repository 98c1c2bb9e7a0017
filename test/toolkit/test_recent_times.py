"""How long it took the last many times."""

import math

import pytest

from dnne_ros.toolkit.recent_times import RecentTimes


def test_nothing_is_known_before_the_first():
    assert math.isnan(RecentTimes().percentile(0.99))


@pytest.mark.parametrize("share, expected", [
    (0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (0.991, 100.0), (1.0, 100.0)])
def test_percentiles_are_durations_that_were_there(share, expected):
    times = RecentTimes()
    for seconds in range(100, 0, -1):
        times.add(float(seconds))
    assert times.percentile(share) == expected


def test_old_ones_are_forgotten():
    times = RecentTimes(most=2)
    for seconds in (9.0, 1.0, 2.0):
        times.add(seconds)
    assert times.percentile(1.0) == 2.0
