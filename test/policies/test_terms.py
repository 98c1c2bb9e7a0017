"""Offsets, scales, clips and histories outside of a network, beside a second way to say them."""

from dataclasses import replace

import numpy as np
import pytest

from dnne_ros.policies.interface import ActionTerm, Interface, ObservationTerm
from dnne_ros.policies.terms import ObservationTerms, out_of_order, outside_command

POSE = ObservationTerm("pose", "state/joint/position", ("a", "b"), ("rad", "rad"),
                       offset=(0.5, -1.0), scale=(2.0, 1.0), clip=(-3.0, 3.0), history=3)
SPEED = ObservationTerm("speed", "state/joint/velocity", ("a", "b"), ("rad/s", "rad/s"),
                        scale=(0.1, 0.2), history=2, history_order="term")
PLAIN = ObservationTerm("wish", "", ("x",), ("m/s",))
WALK = Interface("Walk", ("a", "b"), 50.0, (POSE, SPEED, PLAIN), ActionTerm(
    "target/joint/position", ("a", "b"), ("rad", "rad"), scale=(0.25, 0.5), offset=(0.1, 0.2),
    clip=(-2.0, 2.0), limits=((-0.3, 0.3), (-9.0, 9.0))))


def test_what_is_measured_becomes_what_the_network_takes():
    terms = ObservationTerms(WALK)
    assert terms.names == ["a.position", "b.position", "a.velocity", "b.velocity", "x"]
    found = [terms(np.array([row], np.float32)) for row in (
        [1.0, 0.0, 10.0, 5.0, 7.0], [0.5, 9.0, 20.0, 5.0, 8.0], [0.0, -1.0, 30.0, 5.0, 9.0])]
    # (measured - offset) * scale, within ±3: a 1, 0, -1; b 1, 3 (of 10), 0.
    for each, expected in zip(found, (
            [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 7],  # filled with the first sample
            [1, 1, 1, 1, 0, 3, 1, 2, 1, 1, 8],
            [1, 1, 0, 3, -1, 0, 2, 3, 1, 1, 9]), strict=True):
        assert each.dtype == np.float32 and len(WALK.columns) == each.shape[1]
        assert each.tolist() == [pytest.approx(expected)]
    terms.reset()
    anew = terms(np.array([[1.0, 0.0, 10.0, 5.0, 7.0]], np.float32))
    assert np.array_equal(anew, found[0])


def test_robots_of_a_batch_do_not_share_a_past():
    terms = ObservationTerms(WALK)
    rows = np.random.default_rng(0).standard_normal((4, 2, 5)).astype(np.float32)
    both = [terms(row) for row in rows]
    for robot in (0, 1):
        alone = ObservationTerms(WALK)
        assert all(np.array_equal(alone(row[robot:robot + 1]), pair[robot:robot + 1])
                   for row, pair in zip(rows, both, strict=True))


def test_what_the_network_does_is_not_done_twice():
    all_inside = replace(WALK, inside=(
        "observation_offset", "observation_scale", "observation_clip", "history", "action_clip",
        "action_scale", "action_offset", "action_limits"))
    row = np.arange(11, dtype=np.float32)[None]
    assert ObservationTerms(all_inside)(row) is row and outside_command(all_inside) is None
    assert ObservationTerms(all_inside).names == list(WALK.columns)
    history_inside = ObservationTerms(replace(WALK, inside=("history",)))
    assert history_inside(np.zeros((1, 11), np.float32))[0, :2].tolist() == [-1.0, 1.0]


def test_commands_are_made_of_what_the_network_gives():
    raw = np.array([[9.0, -9.0], [0.4, 0.0]], np.float32)
    command = outside_command(WALK)
    assert command.command(raw).tolist() == [pytest.approx([0.3, -0.8]), pytest.approx([0.2, 0.2])]
    half = outside_command(replace(WALK, inside=("action_clip", "action_scale")))
    assert (half.clip, half.scale) == (None, None) and half.offset == (0.1, 0.2)


def test_what_could_only_be_done_inside_is_named():
    assert not [*out_of_order(WALK)]
    assert not [*out_of_order(replace(WALK, inside=("history", "observation_clip",
                                                    "action_clip")))]
    wrong = replace(WALK, inside=("observation_offset", "action_offset"))
    assert [*out_of_order(wrong)] == [
        *(f"observations.pose.{name}: expected it inside the network, as observation_offset is, "
          "which comes before it" for name in ("scale", "clip", "history")),
        *(f"actions.{name}: expected it inside the network, as action_offset is, which comes "
          "after it" for name in ("clip", "scale"))]
