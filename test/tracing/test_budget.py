"""How much of the time recording may take."""

from dnne_ros.tracing.budget import Budget

SHARE, RECORD_NS, SAVED_NS = 0.01, 1_000, 1_000_000
BEAT_NS = 500_000_000
MILLISECOND = 1_000_000


def budget(now=0):
    return Budget(SHARE, RECORD_NS, SAVED_NS, now)


def test_a_few_items_are_recorded_always_and_looked_at_less_and_less_often():
    made, now = budget(), 0
    within = []
    for _ in range(2_000):
        within.append(made.within_ns)
        now += made.within_ns
        made.look(now, 1)
        assert made.records
    assert within[:9] == [MILLISECOND << doubled for doubled in range(9)]
    assert set(within[9:]) == {BEAT_NS}


def test_of_many_items_a_moment_is_recorded_and_none_until_that_is_made_up_for():
    made, now, written = budget(), MILLISECOND, 3_000
    made.look(now, written)
    assert not made.records
    while not made.records:
        now += 20 * MILLISECOND
        made.look(now, 0)
    assert SHARE * now >= RECORD_NS * written


def test_each_moment_begins_with_a_look_that_comes_soon():
    made = budget()
    made.look(MILLISECOND, 0)
    assert made.within_ns > MILLISECOND
    made.look(2 * MILLISECOND, 10_000)
    made.look(10 * BEAT_NS, 0)
    assert made.records and made.within_ns == MILLISECOND


def test_moments_begin_at_a_beat_that_all_processes_have():
    made = budget()
    made.look(MILLISECOND, 2_000)
    now = BEAT_NS - MILLISECOND
    made.look(now, 0)
    assert not made.records
    made.look(BEAT_NS, 0)
    assert made.records
