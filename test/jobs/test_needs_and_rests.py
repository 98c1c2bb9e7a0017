"""Rests between tries, needs against capacities: numbers by hand."""

import random

import pytest
from hypothesis import given, strategies as st

from dnne_ros.jobs.description.needs import Capacity, Grant, Needs, grant
from dnne_ros.jobs.description.states import backoff_seconds, jittered


@pytest.mark.parametrize("kind, expected", [
    ("immediate", [0, 0, 0, 0, 0, 0]), ("linear", [2, 4, 6, 8, 10, 12]),
    ("exponential", [2, 4, 8, 16, 32, 50]), ("fibonacci", [2, 2, 4, 6, 10, 16])])
def test_rests_grow_as_their_name_says_up_to_the_cap(kind, expected):
    assert [backoff_seconds(kind, n, base=2.0, most=50.0) for n in range(1, 7)] == expected


@pytest.mark.parametrize("kind", ["linear", "exponential", "fibonacci"])
def test_no_number_of_failures_is_too_many(kind):
    assert backoff_seconds(kind, 10_000) == 600.0


def test_jitter_stays_within_a_tenth():
    draw = random.Random(1)
    drawn = [jittered(10.0, draw) for _ in range(500)]
    assert 9.0 <= min(drawn) < 9.2 and 10.8 < max(drawn) <= 11.0


@pytest.mark.parametrize("text, expected", [
    ("gpu=1,cpus=2,memory=4G", Needs(1.0, 2, 4 * 2**30)), ("gpu=0.5", Needs(0.5)),
    ("memory=512M", Needs(memory=512 * 2**20)), ("memory=1.5GiB", Needs(memory=3 * 2**29)),
    ("", Needs())])
def test_needs_are_read(text, expected):
    assert Needs.parse(text) == expected
    assert Needs.parse(str(expected)) == expected


@pytest.mark.parametrize("text, said", [
    ("gpu=1.5", "a share below 1"), ("gpu=0", "a share below 1"), ("gpu=nan", "a share"),
    ("cpus=0", "from 1"), ("cpus=-1", "from 1"), ("memory=4Q", "512M"),
    ("disk=3", "found 'disk=3'"),
    ("memory=0", "512M"), ("gpu", "a share")])
def test_wrong_needs_are_named(text, said):
    with pytest.raises(ValueError, match=said):
        Needs.parse(text)


def test_a_gpu_is_one_jobs_unless_they_share():
    here = Capacity(("0", "1"), (0,), 0)
    whole = grant(Needs(gpu=1), here, [])
    assert whole.gpus == {"0": 1.0}
    assert grant(Needs(gpu=1), here, [whole]).gpus == {"1": 1.0}
    assert "others have them" in grant(Needs(gpu=2), here, [whole])
    half = grant(Needs(gpu=0.5), here, [whole])
    assert half.gpus == {"1": 0.5}
    assert grant(Needs(gpu=0.5), here, [half]).gpus == {"1": 0.5}  # where one shares already
    assert "others have them" in grant(Needs(gpu=0.6), here, [whole, half])
    assert "there are 2" in grant(Needs(gpu=3), here, [])


amounts = st.builds(Needs, gpu=st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0, 2.0]),
                    cpus=st.integers(0, 3), memory=st.integers(0, 6))


@given(st.lists(amounts, max_size=12))
def test_nothing_is_ever_granted_twice(wanted):
    here = Capacity(("a", "b"), (0, 1, 2, 3), 10)
    granted = []
    for needs in wanted:
        found = grant(needs, here, granted)
        if isinstance(found, Grant):
            granted.append(found)
            assert sum(found.gpus.values()) == pytest.approx(needs.gpu)
            assert len(found.cpus) == needs.cpus and found.memory == needs.memory
    cpus = [cpu for each in granted for cpu in each.cpus]
    assert len(cpus) == len(set(cpus)) and sum(each.memory for each in granted) <= 10
    for gpu in here.gpus:
        assert sum(each.gpus.get(gpu, 0.0) for each in granted) <= 1.0 + 1e-6
        owners = [each.gpus[gpu] for each in granted if gpu in each.gpus]
        assert owners == [1.0] or 1.0 not in owners
