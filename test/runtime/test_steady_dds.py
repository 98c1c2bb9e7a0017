"""DDS that is waited for, as it brings something all the time."""

import pytest

from dnne_ros.runtime.steady_dds import SteadyDds


def heard(*times):
    dds = SteadyDds()
    for when in times:
        dds.note(100.0 + when)
    return dds


@pytest.mark.parametrize("period", [0.001, 0.002, 0.01, 0.02])
def test_a_robot_that_speaks_is_steady_until_its_next_word(period):
    dds = heard(*(period * number for number in range(4)))
    assert dds.goes_on(100.0 + period * 4)


def test_two_topics_at_once_are_steady_too():
    dds = heard(0.0, 0.0001, 0.02, 0.0201)
    assert dds.goes_on(100.04)


def test_a_burst_is_over_when_nothing_follows():
    dds = heard(0.0, 0.001, 0.002, 0.003)
    assert dds.goes_on(100.012) and not dds.goes_on(100.014)


def test_what_comes_seldom_is_not_steady():
    assert not heard(0.0, 0.05, 0.1, 0.15).goes_on(100.151)
    assert not SteadyDds().goes_on(100.0)
