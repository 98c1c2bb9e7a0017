"""Real time: its factor, and the count of deadlines that were missed."""

import asyncio

import pytest

from dnne_ros.node_api.health import Health, Level
from dnne_ros.nodes.simulation.real_time import RealTime


class Lateness:
    """In the place of `Rate`: says of each step how late it was."""

    def __init__(self):
        self.time = 0.0
        self.coming = []

    def keep(self, period, clock, catch_up):
        self.period = period
        return self

    @property
    def seconds(self):
        return self.period()

    async def wait(self):
        self.time += self.seconds
        return self.coming.pop(0) if self.coming else 0.0


@pytest.fixture
def health():
    return Health()


@pytest.fixture
def pace():
    return Lateness()


@pytest.fixture
def run(health, pace, monkeypatch):
    """Run some steps, of which the first have the given lateness."""
    monkeypatch.setattr("dnne_ros.nodes.simulation.real_time.Rate", pace.keep)
    real_time = RealTime(0.02, health, 1.0, now=lambda: pace.time)

    def steps(count, *lateness):
        pace.coming = list(lateness)
        for _ in range(count):
            asyncio.run(real_time.wait())
        return real_time
    return steps


def test_the_factor_divides_the_period(run, pace):
    real_time = run(1)
    assert pace.seconds == 0.02
    real_time.set_factor(4.0)
    assert pace.seconds == 0.005
    real_time.set_factor(0.0)
    before = pace.time
    run(10)
    assert pace.time == before  # it does not wait at all


def test_missed_deadlines_are_counted_with_the_worst(run, health):
    run(60, 0.004, 0.0, 0.0005, 0.03)
    assert health.values["missed_deadlines"] == 2  # half a millisecond is nobody's fault
    assert health.values["worst_lateness_ms"] == 30.0
    run(60, 0.01)
    assert health.values["missed_deadlines"] == 3
    assert health.values["worst_lateness_ms"] == 30.0
    assert health.values["real_time_factor"] == pytest.approx(1.0, abs=0.03)


def test_many_misses_in_a_second_are_a_warning_until_they_stop(run, health):
    run(55, *[0.01] * 5)
    assert health.level is Level.WARN
    assert health.message == "5 of 50 steps of the last second were late"
    run(50)
    assert (health.level, health.message) == (Level.OK, "ok")


def test_few_misses_are_none(run, health):
    run(55, 0.01, 0.01)
    assert health.values["missed_deadlines"] == 2
    assert health.level is Level.OK


def test_a_warning_of_somebody_else_is_left_alone(run, health):
    run(55, *[0.01] * 5)
    health.message = "the watchdog bites"
    run(50)
    assert (health.level, health.message) == (Level.WARN, "the watchdog bites")
