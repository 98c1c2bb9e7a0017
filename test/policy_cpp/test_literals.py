"""Numbers read back as they were, and text stays text."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from dnne_ros.policy_cpp.literals import c_double, c_float, c_floats, c_string


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_reads_back_bit_by_bit(value):
    text = c_float(value)
    assert text.endswith("F") and ("." in text or "e" in text)
    assert np.float32(text[:-1]).tobytes() == np.float32(value).tobytes()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_reads_back(value):
    assert np.float64(c_double(value)).tobytes() == np.float64(value).tobytes()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="no number for C"):
        c_float(value)


@given(st.text())
def test_a_string_holds_its_bytes_and_nothing_else(text):
    literal = c_string(text)
    assert literal.isascii() and literal.isprintable() and "?" not in literal
    inside = literal[1:-1]
    found = bytearray()
    while inside:
        if inside[0] == "\\":
            found.append(int(inside[1:4], 8))
            inside = inside[4:]
        else:
            assert inside[0] != '"'
            found.append(ord(inside[0]))
            inside = inside[1:]
    assert bytes(found) == text.encode("utf-8", "surrogatepass")


def test_an_array_has_its_numbers_in_their_order():
    assert c_floats([[1.0, -0.5], [1e-9, 3.0]]) == "{\n      1.0F, -0.5F, 1e-09F, 3.0F}"
