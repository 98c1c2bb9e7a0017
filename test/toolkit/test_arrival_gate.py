"""A rate for arrivals."""

import pytest

from dnne_ros.testing import ManualClock
from dnne_ros.toolkit.arrival_gate import ArrivalGate


def passed(rate, arrivals):
    """Return which of some arrivals, in seconds, a gate of ``rate`` lets through."""
    clock = ManualClock()
    gate, found, before = ArrivalGate(1.0 / rate, clock), [], 0.0
    for arrival in arrivals:
        clock.advance(arrival - before)
        before = arrival
        if gate.lets_through():
            found.append(round(arrival, 4))
    return found


def test_what_comes_more_often_is_thinned_to_the_rate():
    assert passed(50.0, [number * 0.005 for number in range(17)]) == pytest.approx(
        [0.0, 0.015, 0.035, 0.055, 0.075])


@pytest.mark.parametrize("early", [-0.004, 0.004])
def test_what_comes_at_about_the_rate_is_all_let_through(early):
    arrivals = [number * 0.02 + early * (number % 2) for number in range(1, 101)]
    assert len(passed(50.0, arrivals)) == 100


def test_what_was_of_no_use_is_given_back():
    gate = ArrivalGate(1.0, ManualClock())
    assert gate.lets_through()
    gate.give_back()
    assert gate.lets_through() and not gate.lets_through()


def test_what_waited_for_a_while_counts_from_when_it_arrived():
    clock = ManualClock()
    clock.advance(10.0)
    gate = ArrivalGate(1.0, clock)
    assert [gate.lets_through(age) for age in (2.0, 1.5, 1.0, 0.1)] == [True, False, True, True]


def test_on_average_it_is_the_rate():
    assert 495 <= len(passed(50.0, [number / 60.0 for number in range(600)])) <= 501


def test_what_is_slower_is_let_through():
    assert passed(50.0, [0.0, 0.03, 0.1, 0.13]) == [0.0, 0.03, 0.1, 0.13]


def test_a_pause_does_not_make_the_next_ones_hurry():
    assert passed(50.0, [0.0, 1.0, 1.005, 1.01, 1.02]) == [0.0, 1.0, 1.02]


def test_a_clock_that_jumps_back_starts_anew():
    assert passed(50.0, [5.0, 1.0, 1.01, 1.02]) == [5.0, 1.0, 1.02]


def test_a_period_that_changes_counts_at_once():
    clock, seconds = ManualClock(), [10.0]
    gate = ArrivalGate(lambda: seconds[0], clock)
    assert gate.lets_through() and not gate.lets_through()
    seconds[0] = 1.0
    clock.advance(1.0)
    assert gate.lets_through() and not gate.lets_through()
