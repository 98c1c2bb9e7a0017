from hypothesis import given, strategies as st

from dnne_ros.transport.watermark import Watermark


@given(st.integers(0, 5), st.permutations(range(1, 30)))
def test_it_is_the_highest_number_without_a_gap_below(start, numbers):
    mark, added = Watermark(start), set(range(1, start + 1))
    for number in numbers:
        mark.add(number)
        added.add(number)
        assert mark.done == next(n for n in range(40) if n + 1 not in added)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 12)) | st.integers(1, 40)))
def test_ranges_are_as_if_each_number_was_added(steps):
    mark, added = Watermark(), set()
    for step in steps:
        if isinstance(step, tuple):
            first, count = step
            mark.skip(first, first + count)
            added.update(range(first, first + count))
        else:
            mark.add(step)
            added.add(step)
        assert mark.done == next(n for n in range(100) if n + 1 not in added)


def test_a_range_may_be_as_long_as_it_likes():
    mark = Watermark()
    mark.add(2)
    mark.skip(4, 2**62)
    mark.add(3)
    assert mark.done == 0
    mark.add(1)
    assert mark.done == 2**62 - 1
