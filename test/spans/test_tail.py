"""The context of a trace as bytes, whoever has sent them."""

from hypothesis import given, strategies as st

from dnne_ros.spans.tail import Tail, read_tail

FITTING = st.builds(Tail, st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1),
                    st.integers(0, 255), st.integers(0, 255))


@given(FITTING)
def test_what_is_packed_comes_back(tail):
    assert read_tail(tail.pack()) == tail


@given(st.binary(max_size=40) | st.binary(min_size=26, max_size=26))
def test_other_bytes_do_no_harm(data):
    found = read_tail(data)
    assert found is None or found.pack() == data


def test_no_trace_is_none():
    assert read_tail(b"") is None
    assert read_tail(Tail(0, 1, 1, 1).pack()) is read_tail(Tail(1, 0, 1, 1).pack()) is None
