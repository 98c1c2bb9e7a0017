"""Cron expressions, with a clock that the test moves."""

import time

import pytest
from job_stores import job

from dnne_ros.errors import InputError
from dnne_ros.jobs.description.cron import check_cron, next_time
from dnne_ros.jobs.store.schedules import add_schedule, drop_schedule, schedules, submit_due


def local(*numbers):
    """Year, month, day, hour and minute of this machine's calendar, in seconds since 1970."""
    return time.mktime((*numbers, *(0,) * (6 - len(numbers)), 0, 0, -1))


MIDNIGHT = local(2026, 3, 4)
DAY = 86_400


def submitted(store):
    with store.turn() as books:
        return submit_due(books)


def test_a_job_comes_at_its_times_and_at_no_other(store, clock):
    clock.now = MIDNIGHT
    add_schedule(store, job(name="nightly"), "0 2 * * *")
    store.engine.add_queue("default")
    clock.now = MIDNIGHT + 2 * 3600 - 1
    assert submitted(store) == []
    clock.now += 1
    first = submitted(store)
    assert len(first) == 1 and submitted(store) == []
    assert store.job(first[0]).reason == "as schedule 1 says: 0 2 * * *"
    clock.now += DAY
    assert len(submitted(store)) == 1


def test_times_that_nobody_was_there_for_are_made_up_for_once(store, clock):
    clock.now = MIDNIGHT
    add_schedule(store, job(), "*/5 * * * *")
    store.engine.add_queue("default")
    clock.now += 3 * DAY
    assert len(submitted(store)) == 1
    assert schedules(store)[0]["next"] == clock.now + 300


def test_one_that_is_dropped_comes_no_more(store, clock):
    clock.now = MIDNIGHT
    number = add_schedule(store, job(), "* * * * *")
    drop_schedule(store, number)
    clock.now += DAY
    assert submitted(store) == [] and schedules(store) == []
    with pytest.raises(InputError, match=f"there is no schedule {number}"):
        drop_schedule(store, number)


def test_times_are_those_of_the_calendar():
    friday = local(2026, 2, 27, 23, 59)
    assert next_time("0 0 1 * *", friday) == local(2026, 3, 1)
    assert next_time("30 6 * * 1", friday) == local(2026, 3, 2, 6, 30)


def test_two_in_the_morning_stays_two_when_clocks_are_changed(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert next_time("0 5 * * *", local(2026, 3, 28, 12)) == local(2026, 3, 29, 5)
        assert local(2026, 3, 29, 5) - local(2026, 3, 28, 5) == 23 * 3600
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("expression", ["", "* * * *", "* * * * * *", "61 * * * *", "daily"])
def test_what_is_no_cron_expression_is_refused(expression):
    with pytest.raises(ValueError, match="such as '0 2"):
        check_cron(expression)
