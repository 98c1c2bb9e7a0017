import math

import pytest
from hypothesis import given, strategies as st

from dnne_ros.node_api.checkpoint_trigger import CheckpointTrigger, parse_duration


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("text, seconds", [
    ("90", 90), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("1d", 86400), (" 1H 30M ", 5400),
    ("0.5m", 30), ("1.5", 1.5)])
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", [
    "", "0", "0s", "-5", "-5m", "nan", "inf", "5x", "m", "1h30", "h1", "9" * 400 + "d", "1..5s"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="expected a duration such as 90s, 5m or 1h30m"):
        parse_duration(text)


@given(st.text(max_size=30) | st.from_regex(r"[0-9.dhms ]{1,12}", fullmatch=True))
def test_any_text_is_a_positive_duration_or_refused(text):
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert 0 < seconds < math.inf


def test_every_so_many_epochs():
    trigger = CheckpointTrigger("epoch", " 3 ")
    assert [epoch for epoch in range(1, 10) if trigger.due(epoch, None)] == [3, 6, 9]
    assert not trigger.keeps_best


def test_every_so_often():
    clock = Clock()
    trigger = CheckpointTrigger("time", "1m", clock)
    due = []
    for second in range(0, 200, 25):
        clock.now = 1000.0 + second
        if trigger.due(1, None):
            due.append(second)
    assert due == [75, 150]


@pytest.mark.parametrize("value,due", [
    ("max", [0.5, 0.7, 0.9]), (" MAX ", [0.5, 0.7, 0.9]), ("min", [0.5, 0.3, 0.2])])
def test_best_metric_goes_up_or_down(value, due):
    trigger = CheckpointTrigger("best_metric", value)
    assert [m for m in [0.5, 0.3, 0.7, math.nan, 0.2, 0.9, 0.9] if trigger.due(1, m)] == due
    assert trigger.wants_lowest == (value == "min") and trigger.keeps_best


def test_when_the_metric_improves():
    trigger = CheckpointTrigger("best_metric", "")
    metrics = [None, -5.0, -5.0, -6.0, -4.9, 10.0, 9.0, 10.0, 10.1]
    assert [m for m in metrics if trigger.due(1, m)] == [-5.0, -4.9, 10.0, 10.1]
    assert trigger.keeps_best and trigger.best == 10.1


def test_an_improvement_may_be_too_small_to_count():
    trigger = CheckpointTrigger("best_metric", "2")
    assert [m for m in [1.0, 2.0, 3.0, 3.5, 6.0] if trigger.due(1, m)] == [1.0, 3.5, 6.0]


def test_a_metric_that_is_no_number_is_never_the_best():
    trigger = CheckpointTrigger("best_metric", "0")
    assert [m for m in [math.nan, 1.0, math.nan, 0.5, 2.0] if trigger.due(1, m)] == [1.0, 2.0]


@pytest.mark.parametrize("type, value, said", [
    ("epoch", "0", "a number of epochs"), ("epoch", "-1", "a number of epochs"),
    ("epoch", "1.5", "a number of epochs"), ("epoch", "", "a number of epochs"),
    ("epoch", "9" * 30, "a number of epochs"), ("time", "soon", "a duration"),
    ("best_metric", "much", "the least improvement"), ("best_metric", "nan", "least improvement"),
    ("best_metric", "-1", "the least improvement"), ("best_metric", "inf", "least improvement"),
    ("never", "1", "one of epoch, time, best_metric")])
def test_a_value_that_does_not_suit_its_type(type, value, said):
    with pytest.raises(ValueError, match=f"expected .*{said}.*, found"):
        CheckpointTrigger(type, value)
