"""No number changes by being loaded and saved: what the front end would do to it, modelled.

The front end (1.58) keeps a FLOAT within its bounds, and rounds it where ``round`` is given or,
unless `Comfy.DisableFloatRounding` is set, to the decimals of its step; an INT it rounds to steps
from its lower bound.  `test_browser_drawing.py` loads and saves the same numbers with itself.
"""

import math

import pytest
from hypothesis import given, strategies as st
from widget_numbers import numbers_of

from dnne_ros.editor.number_inputs import SAFE_INTEGER, number_options, step_of
from dnne_ros.node_api.widget import Widget

BOUNDS = st.none() | st.floats(-1e12, 1e12)


def after_front_end(value, options):
    """Return what the front end makes of a number when it sets it."""
    assert "round" not in options
    if isinstance(value, int):
        value = round((value - options["min"] % options["step"]) / options["step"]) \
            * options["step"] + options["min"] % options["step"]
    return min(max(value, options["min"]), options["max"])


def test_no_number_of_the_catalogue_changes(catalogue):
    widgets = [widget for each in catalogue for widget in each.widgets.values()
               if widget.kind in (int, float)]
    assert len(widgets) > 100
    for widget in widgets:
        options = number_options(widget)
        for value in numbers_of(widget):
            assert abs(value) <= SAFE_INTEGER or widget.kind is float
            assert after_front_end(value, options) == value, (widget.name, value)


@given(st.floats(allow_nan=False, allow_infinity=False), BOUNDS, BOUNDS)
def test_no_float_within_its_bounds_changes(value, low, high):
    widget = Widget(value, minimum=low, maximum=high)
    options = number_options(widget)
    for each in (value, low, high):
        if each is not None and (low is None or low <= each) and (high is None or each <= high):
            assert after_front_end(float(each), options) == each
    assert {"min", "max", "step"} <= set(options)


@given(st.integers(-SAFE_INTEGER, SAFE_INTEGER), BOUNDS.map(lambda each: each and round(each)))
def test_no_int_within_its_bounds_changes(value, low):
    if low is None or low <= value:
        assert after_front_end(value, number_options(Widget(value, minimum=low))) == value


@pytest.mark.parametrize("default, step", [
    (0.002, 0.0001), (0.25, 0.01), (1.0, 0.01), (400.0, 0.01), (1e-5, 1e-6), (0.0, 0.0001),
    (-0.003, 0.0001)])
def test_a_step_shows_the_second_digit_of_the_default(default, step):
    assert math.isclose(step_of(default), step)
