import math

import numpy as np
import pytest
from sensor_msgs.msg import LaserScan, Range

from dnne_ros.messages.sensors.converter import Options
from dnne_ros.messages.sensors.table import CONVERTERS

SCANS = CONVERTERS["sensor_msgs/msg/LaserScan"]
INF, NAN = math.inf, math.nan


def scan(ranges, **fields):
    return LaserScan(ranges=ranges, intensities=[float(i) for i in range(len(ranges))],
                     angle_min=-math.pi / 2, angle_max=math.pi / 2,
                     angle_increment=math.pi / 2, range_min=0.5, range_max=10.0, **fields)


def read(message, *wanted, invalid="keep"):
    found = CONVERTERS[f"sensor_msgs/msg/{type(message).__name__}"].reader(
        Options(invalid=invalid), wanted)(message)
    return found[wanted[0]] if len(wanted) == 1 else found


def test_beams_and_where_they_end():
    found = read(scan([1.0, 2.0, 4.0]), "ranges", "angles", "points", "limits", "intensities")
    assert list(found) == ["ranges", "angles", "points", "limits", "intensities"]
    assert found["ranges"].tolist() == [1, 2, 4] and found["limits"].tolist() == [0.5, 10]
    np.testing.assert_allclose(found["angles"], [-math.pi / 2, 0, math.pi / 2], rtol=1e-6)
    np.testing.assert_allclose(found["points"], [[0, -1, 0], [2, 0, 0], [0, 4, 0]], atol=1e-6)
    assert {each.dtype for each in found.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("invalid, expected", [
    ("keep", [-INF, 0.25, 1.0, 11.0, INF, NAN]), ("zero", [0, 0, 1, 0, 0, 0]),
    ("limit", [0.5, 0.5, 1, 10, 10, 10]), ("drop", [1.0])])
def test_ranges_that_are_none(invalid, expected):
    """As REP 117 has them: too near, within, too far, nothing in sight, an error."""
    message = scan([-INF, 0.25, 1.0, 11.0, INF, NAN])
    np.testing.assert_array_equal(read(message, "ranges", invalid=invalid),
                                  np.array(expected, np.float32))


def test_what_is_dropped_is_dropped_everywhere():
    found = read(scan([NAN, 2.0, 4.0]), "ranges", "angles", "points", "intensities",
                 invalid="drop")
    assert {len(each) for each in found.values()} == {2}
    assert found["intensities"].tolist() == [1, 2]
    np.testing.assert_allclose(found["angles"], [0, math.pi / 2], rtol=1e-6)


def test_a_scan_may_be_refused():
    with pytest.raises(ValueError, match="1 of 2 ranges are no valid numbers"):
        read(scan([1.0, INF]), "ranges", invalid="refuse")


def test_intensities_that_are_not_there():
    message = scan([1.0, 2.0])
    message.intensities = []
    assert len(read(message, "ranges")) == 2
    with pytest.raises(ValueError, match="0 intensities, and 2 ranges"):
        read(message, "intensities")


def test_a_scan_that_is_written():
    message = LaserScan(angle_min=-1.0, angle_max=1.0)
    values = {"ranges": np.array([1.0, 2.0, 3.0]), "limits": np.array([0.5, 10.0])}
    SCANS.writer(Options(), values)(message, values)
    assert list(message.ranges) == [1, 2, 3] and message.angle_increment == 1.0
    assert (message.range_min, message.range_max) == (0.5, 10.0)
    values = {"ranges": np.ones(3), "intensities": np.ones(2)}
    with pytest.raises(ValueError, match="intensities: expected 3, one a range, found 2"):
        SCANS.writer(Options(), values)(message, values)


@pytest.mark.parametrize("distance, invalid, expected", [
    (2.0, "limit", 2.0), (INF, "limit", 4.0), (-INF, "limit", 0.25), (INF, "zero", 0.0),
    (INF, "keep", INF)])
def test_a_single_distance(distance, invalid, expected):
    message = Range(range=distance, min_range=0.25, max_range=4.0)
    assert read(message, "range", invalid=invalid).tolist() == [expected]
    with pytest.raises(ValueError, match="1 of 1 ranges"):
        read(Range(range=INF, max_range=4.0), "range", invalid="refuse")
