"""JSON that every reader takes."""

import json

import pytest
from hypothesis import given, strategies as st

from dnne_ros import strict_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


@given(VALUES)
def test_it_parses_strictly(value):
    json.loads(strict_json.dumps(value), parse_constant=refuse)


@given(VALUES.filter(lambda value: "NaN" not in json.dumps(value)
                     and "Infinity" not in json.dumps(value)))
def test_what_is_finite_is_as_json_has_it(value):
    assert strict_json.dumps(value, indent=1) == json.dumps(value, indent=1)


def test_what_is_not_finite_is_null():
    assert json.loads(strict_json.dumps({"a": [float("nan"), 1.5], "b": (float("inf"),)})) == {
        "a": [None, 1.5], "b": [None]}


def test_a_circle_is_refused():
    circle = []
    circle.append(circle)
    with pytest.raises((ValueError, RecursionError)):
        strict_json.dumps(circle)
