"""Trying again with a pause that grows."""

import sys

import pytest
from hypothesis import given, strategies as st

from dnne_ros.toolkit.back_off import BACK_OFFS, pause
from dnne_ros.toolkit.retrying import retrying


@pytest.mark.parametrize("back_off, expected", [
    ("immediate", [0, 0, 0, 0, 0, 0]), ("linear", [0.5, 1, 1.5, 2, 2.5, 3]),
    ("exponential", [0.5, 1, 2, 4, 8, 10]), ("fibonacci", [0.5, 0.5, 1, 1.5, 2.5, 4])])
def test_pauses(back_off, expected):
    assert [pause(back_off, n, first=0.5, cap=10.0) for n in range(1, 7)] == expected


@given(st.sampled_from(BACK_OFFS), st.integers(1, 10_000), st.floats(0.001, 100.0),
       st.floats(0.001, 1000.0))
def test_pauses_never_shrink_and_never_pass_the_cap(back_off, failures, first, cap):
    assert 0 <= pause(back_off, failures, first, cap) \
        <= pause(back_off, failures + 1, first, cap) <= cap


@pytest.fixture(autouse=True)
def needs_tenacity(request):
    """Skip what calls it where it is not installed."""
    if "run_async" in request.fixturenames:
        pytest.importorskip("tenacity")


BUSY = OSError("busy")


def flaky(failures, error=BUSY):
    async def call(word):
        if failures:
            failures.pop()
            raise error
        return word
    return call


def test_a_call_succeeds_after_failures_and_each_is_told(run_async):
    told = []
    again = retrying(attempts=4, first=0.001, before_pause=lambda *what: told.append(what))
    assert run_async(again(flaky([1, 2, 3]), "read")) == "read"
    assert [str(error) for error, _ in told] == ["busy"] * 3
    assert [seconds for _, seconds in told] == [0.001, 0.002, 0.004]


def test_the_last_error_is_raised_and_others_at_once(run_async):
    left = list(range(10))
    with pytest.raises(OSError, match="busy"):
        run_async(retrying(attempts=3, back_off="immediate")(flaky(left), "read"))
    assert len(left) == 7
    with pytest.raises(ValueError, match="a bug"):
        run_async(retrying(attempts=3)(flaky(left, ValueError("a bug")), "read"))
    assert len(left) == 6


def test_jitter_only_adds(run_async):
    seconds = []
    again = retrying(attempts=20, back_off="linear", first=0.0, jitter=0.001,
                     before_pause=lambda error, pause: seconds.append(pause))
    run_async(again(flaky(list(range(19))), "read"))
    assert all(0 <= each <= 0.001 for each in seconds) and len(set(seconds)) > 1


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tenacity", None)
    with pytest.raises(ModuleNotFoundError, match="pip install tenacity"):
        retrying()


def test_an_unknown_back_off(run_async):
    with pytest.raises(ValueError, match="immediate, linear, exponential, fibonacci"):
        retrying(back_off="quadratic")
