from hypothesis import given, strategies as st

from dnne_ros.transport.watermark import Watermark


@given(st.integers(0, 5), st.permutations(range(1, 30)))
def test_it_is_the_highest_number_without_a_gap_below(start, numbers):
    mark, added = Watermark(start), set(range(1, start + 1))
    for number in numbers:
        mark.add(number)
        added.add(number)
        assert mark.done == next(n for n in range(40) if n + 1 not in added)
