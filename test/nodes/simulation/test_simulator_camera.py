"""The camera's widget; what it draws is tested in ``test/sim/test_drawing_process.py``."""

import pytest
from hypothesis import given, strategies as st

from dnne_ros.nodes.simulation.simulation import SimulatorStepNode
from dnne_ros.nodes.simulation.simulator_camera import LARGEST, parse_format


@given(st.integers(1, LARGEST), st.integers(1, LARGEST), st.integers(1, 999))
def test_every_format_is_read_back(width, height, rate):
    assert parse_format(f"{width}x{height}@{rate}") == (width, height, rate)
    assert parse_format(f" {width}x{height} ") == (width, height, 10.0)


@given(st.text(max_size=12))
def test_any_text_is_a_format_or_refused(text):
    try:
        width, height, rate = parse_format(text)
    except ValueError as error:
        assert "such as 320x240@10" in str(error)
    else:
        assert 1 <= width <= LARGEST and 1 <= height <= LARGEST and rate > 0


@pytest.mark.parametrize("text", ["320", "320x0", "0x240", "320x240@0", "5000x10", "320x240@-1"])
def test_nonsense_is_found_before_anything_runs(text):
    problems = SimulatorStepNode.validate_parameters({"camera": text})
    assert len(problems) == 1
    assert "widget 'camera': expected <width>x<height>@<rate>" in problems[0]
    assert repr(text) in problems[0]
    assert SimulatorStepNode.validate_parameters({"camera": ""}) == []
