"""Sets by stamps: examples of message_filters' own tests, and what holds of any streams."""

import itertools

import pytest
from hypothesis import given, strategies as st

from dnne_ros.toolkit.time_sync import ApproximateTime, ExactTime

NEVER = 10**15


def stamps_of(sets):
    return [tuple(each.stamp for each in found) for found in sets]


def run(sync, *arrivals):
    """Return, for each arrival (stream, stamp), the stamps of the sets that it brings."""
    return [stamps_of(sync.add(stream, stamp, object())) for stream, stamp in arrivals]


def test_exact_stamps():
    sync = ExactTime(2, queue=3)
    assert run(sync, (0, 1), (0, 2), (1, 2), (1, 1), (1, 3), (0, 3)) == [
        [], [], [(2, 2)], [], [], [(3, 3)]]
    assert sync.dropped == [1, 1]


def test_exact_stamps_wait_in_a_queue():
    sync = ExactTime(2, queue=2)
    assert run(sync, (0, 1), (0, 2), (0, 3), (1, 1), (1, 2)) == [[], [], [], [], [(2, 2)]]
    assert sync.dropped[0] == 1


# What message_filters' test/test_approximate_time_policy.cpp puts in, and expects.
@pytest.mark.parametrize("queue, first, second, order, expected", [
    (10, (0, 3, 6), (0, 3, 6), "ABABAB", [(0, 0), (3, 3), (6, 6)]),
    (10, (0, 3, 6), (1, 4, 7), "ABABAB", [(0, 1), (3, 4)]),
    (10, (0, 2, 3, 6), (1, 5, 7), "ABAABAB", [(0, 1), (6, 5)]),
    (10, (0, 12, 17), (7, 15, 18), "ABABAB", [(12, 7), (17, 18)]),
    (1, (0, 4, 8, 10, 13), (1, 3, 7, 11, 14), "ABBABAABAB", [(4, 3), (10, 11)]),
    (2, (0, 4, 8, 10, 13), (1, 3, 7, 11, 14), "ABBABAABAB",
     [(0, 1), (4, 3), (8, 7), (10, 11)]),
    (5, tuple(range(14)), (3, 10), "AAAAAAAAABAAAABA", [(10, 10)]),
    (10, (0, 3), (1, 3), "ABBA", [(0, 1), (3, 3)]),
], ids=["exact", "perfect", "imperfect", "acceleration", "dropped", "just_enough", "long_queue",
        "double"])
def test_two_streams(queue, first, second, order, expected):
    stamps = {"A": iter(first), "B": iter(second)}
    sync = ApproximateTime(2, queue, NEVER)
    found = run(sync, *((place == "B", next(stamps[place])) for place in order))
    assert [each for sets in found for each in sets] == expected


def test_four_streams():
    arrivals = [(0, 0), (1, 1), (2, 2), (3, 3), (0, 5), (3, 5), (1, 6), (2, 6), (0, 8), (1, 9),
                (2, 10), (3, 11), (0, 10), (0, 13), (1, 14)]
    found = run(ApproximateTime(4, 10, NEVER), *arrivals)
    assert [each for sets in found for each in sets] == [
        (0, 1, 2, 3), (5, 6, 6, 5), (10, 9, 10, 11)]


def test_a_set_is_given_as_soon_as_it_is_certain():
    found = run(ApproximateTime(4, 10, NEVER), (0, 0), (1, 1), (2, 2), (3, 3), (0, 7))
    assert found == [[], [], [], [], [(0, 1, 2, 3)]]


def test_slop_and_queue():
    sync = ApproximateTime(2, 10, slop=5)
    assert run(sync, (0, 0), (1, 10), (0, 12), (1, 30)) == [[], [], [], [(12, 10)]]
    assert sync.dropped == [1, 0]
    sync = ApproximateTime(2, 2, NEVER)
    run(sync, (0, 1), (0, 2), (0, 3))
    assert sync.dropped == [1, 0]


def test_time_that_jumps_back_begins_anew():
    second = 10**9
    for sync in (ApproximateTime(2, 10, NEVER), ExactTime(2, 10)):
        run(sync, (0, 100 * second), (1, 100 * second), (0, 101 * second))
        assert run(sync, (0, 5 * second), (1, 5 * second))[-1] == [(5 * second, 5 * second)]
        assert sync.dropped == [1, 0]


def test_an_item_that_is_a_little_late_is_dropped():
    sync = ApproximateTime(2, 10, NEVER)
    assert run(sync, (0, 10), (0, 9), (1, 10)) == [[], [], [(10, 10)]]
    assert sync.dropped == [1, 0]


@st.composite
def streams(draw):
    count = draw(st.integers(2, 4))
    stamps = [sorted(draw(st.lists(st.integers(0, 200), max_size=15, unique=True)))
              for _ in range(count)]
    arrivals = [(stream, stamp) for stream, each in enumerate(stamps) for stamp in each]
    # Any order that keeps each stream's own.
    order = draw(st.permutations([stream for stream, _ in arrivals]))
    rest = [iter(each) for each in stamps]
    return count, [(stream, next(rest[stream])) for stream in order]


@given(streams(), st.sampled_from([0, 5, 50, NEVER]), st.integers(1, 20))
def test_what_holds_of_any_streams(drawn, slop, queue):
    """No item twice, none across another, none too far apart, and each is accounted for."""
    count, arrivals = drawn
    sync = ApproximateTime(count, queue, slop)
    sets = [each for sets in run(sync, *arrivals) for each in sets]
    for before, after in itertools.pairwise(sets):
        assert all(a < b for a, b in zip(before, after, strict=True))
    assert all(max(each) - min(each) <= slop for each in sets)
    for stream in range(count):
        came = sum(each == stream for each, _ in arrivals)
        waiting = len(sync._ahead[stream]) + len(sync._behind[stream])
        assert came == len(sets) + sync.dropped[stream] + waiting
        assert waiting <= queue


@given(streams(), st.integers(1, 20))
def test_exact_sets_are_the_stamps_that_all_have(drawn, queue):
    count, arrivals = drawn
    sync = ExactTime(count, queue)
    sets = [each for sets in run(sync, *arrivals) for each in sets]
    common = set.intersection(*({stamp for each, stamp in arrivals if each == stream}
                                for stream in range(count)))
    assert all(len(set(each)) == 1 and each[0] in common for each in sets)
    assert sets == sorted(sets)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=12))
def test_jitter_below_half_a_period_never_mixes_up_periods(jitters):
    """Two sensors of one rate: the sets are the pairs of each period."""
    sync = ApproximateTime(2, 10, NEVER)
    pairs = [(100 * at + a, 100 * at + b) for at, (a, b) in enumerate(jitters)]
    sets = [each for pair in pairs for stream, stamp in enumerate(pair)
            for each in stamps_of(sync.add(stream, stamp, None))]
    assert sets == pairs[:len(sets)] and len(sets) >= len(pairs) - 1
