"""A throttle, by a clock that stands in a test's hand."""

from itertools import pairwise

import pytest

from dnne_ros.toolkit import throttle


@pytest.mark.parametrize("step, calls, expected", [
    (0.001, 1000, 50), (0.0166, 600, 500), (0.1, 100, 100)],
    ids=["much faster", "about as fast", "slower"])
def test_at_most_once_a_period(monkeypatch, step, calls, expected):
    now = [10.0]
    monkeypatch.setattr(throttle.time, "monotonic", lambda: now[0])
    due = throttle.Throttle(0.02)
    times = []
    for _ in range(calls):
        if due():
            times.append(now[0])
        now[0] += step
    assert expected * 0.95 <= len(times) <= expected * 1.05
    assert all(later - earlier >= 0.01 for earlier, later in pairwise(times))
