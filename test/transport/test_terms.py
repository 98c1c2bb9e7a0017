import pytest
from hypothesis import given, strategies as st

from dnne_ros.transport.identity import MOST
from dnne_ros.transport.terms import Terms

COUNTS = st.integers(0, MOST)
NAMES = st.text("abcdefgh_", min_size=1)
ADDRESSES = st.dictionaries(NAMES, st.text(
    st.characters(codec="ascii", min_codepoint=33), max_size=60), max_size=4)


@given(COUNTS, COUNTS, ADDRESSES, ADDRESSES)
def test_terms_come_back_in_order(run, above, channels, stores):
    terms = Terms(run, above, channels, stores)
    again = Terms.from_bytes(terms.to_bytes())
    assert again == terms
    assert list(again.channels) == list(channels) and list(again.stores) == list(stores)


@pytest.mark.parametrize("body", [
    b"", b"1", b"1 x", b"1 2 smoke:signals=here", b"1 2 ", b"\xff 2"])
def test_other_bytes_are_no_terms(body):
    with pytest.raises(ValueError):
        Terms.from_bytes(body)
