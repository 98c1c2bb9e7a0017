"""The order of what comes on an edge."""

import pytest
from hypothesis import given, strategies as st

from dnne_ros.transport.arrivals import Arrivals
from dnne_ros.transport.frame import Frame, FrameKind
from dnne_ros.transport.stats import EdgeStats


def make(lossless=True, capacity=10):
    """Return arrivals, a function that lets items come, what was passed on, and the counters."""
    stats, passed = EdgeStats(), []
    arrivals = Arrivals(lossless, stats, lambda frame, message, by: passed.append(frame.number),
                        capacity)

    def come(*numbers):
        for number in numbers:
            arrivals.receive(Frame(FrameKind.INLINE, 0, 1, number, 0, 0), b"", "socket")
    return arrivals, come, passed, stats


@given(st.permutations(range(1, 9)), st.lists(st.integers(1, 8), max_size=5))
def test_each_item_once_and_in_order(numbers, again):
    arrivals, come, passed, stats = make()
    come(*numbers, *again)
    assert passed == list(range(1, 9)) and arrivals.next == 9
    assert stats.duplicated == len(again)


def test_what_may_be_lost_is_not_waited_for():
    _, come, passed, stats = make(lossless=False)
    come(1, 4, 2, 5)
    assert passed == [1, 4, 5] and stats.duplicated == 0


def test_an_item_that_is_refused_may_come_again():
    def refuse(frame, message, by):
        raise ValueError

    arrivals = Arrivals(True, EdgeStats(), refuse, 10)
    with pytest.raises(ValueError):
        arrivals.receive(Frame(FrameKind.INLINE, 0, 1, 1, 0, 0), b"", "socket")
    assert arrivals.next == 1


def test_nothing_early_survives_a_new_beginning():
    arrivals, come, passed, _ = make()
    come(1, 3)
    arrivals.expect(6)
    come(3, 6)
    assert passed == [1, 6] and arrivals.next == 7


def test_what_no_producer_may_have_sent_yet_is_not_kept():
    arrivals, come, passed, _ = make(capacity=4)
    come(*range(2, 5000))
    assert len(arrivals._early) == 7
    come(1)
    assert passed == [*range(1, 9)]
    come(*range(9, 12))
    assert passed == [*range(1, 12)]
