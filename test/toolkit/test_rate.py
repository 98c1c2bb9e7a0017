"""Keeping a rate, by a clock that stands in a test's hand."""

import asyncio

import pytest

from dnne_ros.toolkit.rate import Rate

SECOND = 1_000_000_000


class HandClock:
    """Shows what it is set to; sleeping sets it, by ``oversleep`` seconds too far."""

    simulated = True
    oversleep = 0.0

    def __init__(self):
        self.seconds = 100.0
        self.slept = []

    def now_ns(self):
        return round(self.seconds * SECOND)

    async def sleep_until(self, due_ns):
        self.slept.append(due_ns / SECOND - self.seconds)
        self.seconds = due_ns / SECOND + self.oversleep


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def step(clock):
    """Return how late a step was that comes ``after`` seconds of work; at most one sleep."""
    period = [0.1]
    pace = Rate(lambda: period[0], clock)

    def wait(after, seconds=0.1):
        period[0] = seconds
        clock.seconds += after
        clock.slept.clear()
        return asyncio.run(pace.wait())
    return wait


def test_steps_are_a_period_apart(clock, step):
    assert step(0.0) == 0.0
    assert not clock.slept  # the first one goes at once
    for _ in range(5):
        assert step(0.03) == 0.0
        assert clock.slept == [pytest.approx(0.07)]


def test_sleeping_too_long_does_not_add_up(clock, step):
    clock.oversleep = 0.01
    begin = clock.seconds
    for _ in range(11):
        step(0.0)
    assert clock.seconds - begin == pytest.approx(1.0 + 0.01)


def test_lateness_is_returned_and_not_made_up_for(clock, step):
    step(0.0)
    assert step(0.35) == pytest.approx(0.25)
    assert not clock.slept
    assert step(0.0) == 0.0
    assert clock.slept == [pytest.approx(0.0, abs=1e-6)] or not clock.slept
    step(0.0)
    assert clock.slept == [pytest.approx(0.1)]


def test_lateness_is_made_up_for_as_far_as_it_may_be(clock):
    pace = Rate(0.1, clock, catch_up=0.3)

    def times(count):
        found = []
        for _ in range(count):
            asyncio.run(pace.wait())
            found.append(round(clock.seconds, 3))
        return found

    assert times(2) == [100.0, 100.1]
    clock.seconds = 100.45
    assert times(5) == [100.45, 100.45, 100.45, 100.5, 100.6]  # those of 100.2, .3 and .4
    clock.seconds = 110.0
    assert times(6) == [110.0] * 4 + [110.1, 110.2]
    pace.begin_anew()
    clock.seconds = 120.0
    assert times(2) == [120.0, 120.1]


def test_the_period_may_change(clock, step):
    step(0.0)
    step(0.0)
    step(0.0, seconds=0.5)
    step(0.0, seconds=0.5)
    assert clock.slept == [pytest.approx(0.5)]


def test_a_long_wait_ends_when_the_period_becomes_short(clock):
    period = [1000.0]
    pace = Rate(lambda: period[0], clock)
    fell_asleep = clock.sleep_until

    async def change_then_sleep(due_ns):
        await fell_asleep(due_ns)
        period[0] = 0.1

    clock.sleep_until = change_then_sleep
    asyncio.run(pace.wait())
    begin = clock.seconds
    asyncio.run(pace.wait())
    assert clock.seconds - begin < 1.0


@pytest.mark.parametrize("jump", [-50.0, 50.0])
def test_a_clock_that_jumps_starts_the_rate_anew(clock, step, jump):
    step(0.0)
    step(0.0)
    step(jump)
    for _ in range(2):
        step(0.0)
        assert clock.slept in ([], [pytest.approx(0.1)])
