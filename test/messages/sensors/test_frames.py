"""Numbers by hand: a quarter turn about z takes x to y."""

import numpy as np
import pytest

from dnne_ros.messages.sensors.frames import (
    in_frame,
    product,
    quaternion_of,
    rotation_matrix,
)
from dnne_ros.messages.sensors.quantity import Meaning

QUARTER = np.array([0.0, 0.0, np.sin(np.pi / 4), np.cos(np.pi / 4)])
HALF_ABOUT_X = np.array([1.0, 0.0, 0.0, 0.0])
PLACE = np.array([10.0, 20.0, 30.0])


def test_a_quarter_turn():
    np.testing.assert_allclose(rotation_matrix(QUARTER), [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
                               atol=1e-15)
    np.testing.assert_allclose(rotation_matrix(3 * QUARTER), rotation_matrix(QUARTER))


@pytest.mark.parametrize("quaternion", [
    (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0.5, 0.5, 0.5, 0.5),
    (0.6, 0, -0.8, 0), (0.1, -0.2, 0.3, -0.9)])
def test_quaternions_and_matrices(quaternion):
    unit = np.array(quaternion) / np.linalg.norm(quaternion)
    found = quaternion_of(rotation_matrix(unit))
    np.testing.assert_allclose(rotation_matrix(found), rotation_matrix(unit), atol=1e-12)
    assert found[3] >= 0
    np.testing.assert_allclose(rotation_matrix(product(unit, QUARTER)),
                               rotation_matrix(unit) @ rotation_matrix(QUARTER), atol=1e-12)


@pytest.mark.parametrize("meaning, value, expected", [
    (Meaning.POINTS, [1, 2, 3], [8, 21, 33]),
    (Meaning.POINTS, [[1, 2, 3], [0, 0, 0]], [[8, 21, 33], [10, 20, 30]]),
    (Meaning.POINTS, [[[1, 2, 3, 7]]], [[[8, 21, 33, 7]]]),
    (Meaning.VECTOR, [1, 2, 3], [-2, 1, 3]),
    (Meaning.ROTATION, [0, 0, 0, 1], QUARTER),
    (Meaning.NUMBERS, [1, 2, 3], [1, 2, 3]),
    (Meaning.COVARIANCE, np.diag([1, 2, 3]), np.diag([2, 1, 3])),
])
def test_what_another_frame_sees(meaning, value, expected):
    value = np.array(value, np.float32)
    before = value.copy()
    found = in_frame(value, meaning, PLACE, QUARTER)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.dtype == np.float32 and np.array_equal(value, before)


def test_a_sensor_that_hangs_upside_down():
    """Its base is level: what the sensor says of itself in the world is that of its base."""
    found = in_frame(HALF_ABOUT_X, Meaning.ATTITUDE, PLACE, HALF_ABOUT_X)
    np.testing.assert_allclose(np.abs(found), [0, 0, 0, 1], atol=1e-12)


def test_points_that_are_none_stay_so_and_whole_ones_become_numbers():
    found = in_frame(np.array([[np.nan, 0, 0], [1, 2, 3]]), Meaning.POINTS, PLACE, QUARTER)
    assert np.isnan(found[0]).any() and found[1].tolist() == pytest.approx([8, 21, 33])
    whole = in_frame(np.array([[1, 2, 3]], np.int16), Meaning.POINTS, PLACE, QUARTER)
    assert whole.dtype == np.float32
