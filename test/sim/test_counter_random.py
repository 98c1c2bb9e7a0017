"""Random numbers from counters, against splitmix64 in Python's whole numbers."""

import torch
from hypothesis import given, strategies as st

from dnne_ros.sim.counter_random import uniform

MASK = 2 ** 64 - 1


def mix(value):
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def by_hand(seed, stream, draw, column):
    key = mix(mix((stream + (seed + 1) * 0x9E3779B97F4A7C15) & MASK) + draw & MASK)
    return (mix(key + (column + 1) * 0x9E3779B97F4A7C15 & MASK) >> 40) / 2 ** 24


def test_the_finaliser_is_splitmix64():
    """First outputs for the state 0, as in the authors' reference program."""
    assert [mix(0), mix(0x9E3779B97F4A7C15)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


@given(st.integers(0, 2 ** 63 - 1), st.integers(0, 2 ** 40), st.integers(0, 2 ** 62))
def test_the_same_numbers_as_whole_numbers_give(seed, stream, draw):
    row = uniform(seed, torch.tensor([stream]), torch.tensor([draw]), 3)[0]
    assert row.tolist() == [by_hand(seed, stream, draw, column) for column in range(3)]


def test_spread_evenly_and_independent():
    numbers = uniform(7, torch.arange(20_000), torch.zeros(20_000, dtype=torch.int64), 4)
    assert numbers.dtype == torch.float32
    counts = torch.stack([column.histc(16, 0.0, 1.0) for column in numbers.unbind(dim=1)])
    # χ² with 15 degrees of freedom stays below 37.7 in 999 of 1000 cases.
    assert ((counts - 1250) ** 2 / 1250).sum(dim=1).max() < 37.7
    correlations = torch.corrcoef(torch.cat([numbers[:-1].T, numbers[1:].T]))
    assert (correlations - torch.eye(8)).abs().max() < 4 / 20_000 ** 0.5
