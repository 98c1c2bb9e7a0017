import math

import pytest
from hypothesis import given, strategies as st

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.widget import Widget, WidgetError, missing_values

FLOAT = Widget(0.5, minimum=0.0, maximum=1.0, unit="m")
INT = Widget(16, minimum=1)
BOOL = Widget(True)
TEXT = Widget("text")
CHOICE = Widget("relu", choices=("relu", "tanh"))
ALL = (FLOAT, INT, BOOL, TEXT, CHOICE)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


@given(st.sampled_from(ALL), JSON)
def test_a_value_is_legal_or_the_error_says_what_would_be(widget, value):
    try:
        checked = widget.check(value)
    except WidgetError as error:
        assert str(error).startswith(f"expected {widget.expectation}, found ") or (
            "null characters" in str(error))
        assert len(str(error)) < 500
    else:
        assert type(checked) is widget.kind
        assert checked == value
        assert widget.check(checked) == checked


@given(st.sampled_from(ALL), st.text() | st.floats().map(str) | st.integers().map(str))
def test_parsed_text_is_legal_or_refused(widget, text):
    try:
        value = widget.parse(text)
    except WidgetError:
        return
    assert widget.check(value) == value


@given(st.floats(0, 1))
def test_numbers_read_as_they_are_printed(value):
    assert FLOAT.parse(repr(value)) == value


@given(st.integers(1, 2**63 - 1))
def test_integers_read_as_they_are_printed(value):
    assert INT.parse(str(value)) == value
    assert INT.check(value) == value


@pytest.mark.parametrize("widget, value, checked", [
    (FLOAT, 1, 1.0), (INT, 3.0, 3), (FLOAT, 0.0, 0.0), (FLOAT, -0.0, 0.0), (BOOL, False, False),
    (TEXT, "", ""), (CHOICE, "tanh", "tanh")])
def test_json_numbers_of_either_kind_are_taken(widget, value, checked):
    assert widget.check(value) == checked and type(widget.check(value)) is widget.kind


@pytest.mark.parametrize("widget, value", [
    (FLOAT, math.nan), (FLOAT, math.inf), (Widget(0.0), -math.inf), (Widget(0.0), 10**400),
    (FLOAT, 1.0000001), (FLOAT, True), (FLOAT, "0.5"), (INT, True), (INT, 0), (INT, 2.5),
    (INT, 2**63), (INT, math.inf), (BOOL, 1), (BOOL, "true"), (TEXT, 3), (TEXT, None),
    (TEXT, "a\0b"), (CHOICE, "Relu"), (CHOICE, "")])
def test_what_is_refused(widget, value):
    with pytest.raises(WidgetError):
        widget.check(value)


@pytest.mark.parametrize("text, value", [
    ("true", True), (" Yes", True), ("on", True), ("1", True), ("FALSE", False), ("no", False),
    ("off", False), ("0", False)])
def test_ways_to_say_true_and_false(text, value):
    assert BOOL.parse(text) is value


@pytest.mark.parametrize("widget, said", [
    (FLOAT, "a number from 0.0 to 1.0 (m)"), (INT, "an integer of at least 1"),
    (Widget(1, maximum=3), "an integer of at most 3"), (BOOL, "a boolean"), (TEXT, "a string"),
    (CHOICE, "one of relu, tanh")])
def test_expectations_read_well(widget, said):
    assert widget.expectation == said


def test_a_widget_reads_as_its_value_on_a_node_and_as_itself_on_the_type():
    class Scale(Node):
        gain = Widget(1.0)

    assert Scale.gain is Scale.widgets["gain"]
    assert Scale().gain == 1.0
    node = Scale({"gain": 2.0})
    assert node.gain == 2.0
    node.values["gain"] = 3.0
    assert node.gain == 3.0


def test_types_inherit_and_may_replace_widgets():
    class Base(Node):
        gain = Widget(1.0)
        bias = Widget(0.0)

    class Derived(Base):
        bias = Widget(2.0)
        more = Widget("x")

    assert list(Derived.widgets) == ["gain", "bias", "more"]
    assert Derived().bias == 2.0 and Base().bias == 0.0


def test_what_must_be_given():
    widgets = {"path": Widget("", "Where.", required=True), "rate": Widget(1.0)}
    assert missing_values(widgets, {"path": "x", "rate": 1.0}) == []
    assert missing_values(widgets, {"path": "", "rate": 1.0}) == [
        "widget 'path': nothing is given, and it has no default: Where."]
