"""The port type and its message."""

import numpy as np
import pytest
from corridor_kit.scan import LaserScan, Scan

from dnne_ros import Tensor, codec_for

SCAN = Scan(np.array([1.0, 2.5, np.inf], np.float32), -0.5, 0.5, 10.0)


def test_a_scan_survives_its_message():
    codec = codec_for(LaserScan().wire)
    assert codec.message == "sensor_msgs/msg/LaserScan"
    found = LaserScan().unpack(codec.decode(codec.encode(LaserScan().pack(SCAN))))
    assert found.ranges.tolist() == SCAN.ranges.tolist() and found.ranges.dtype == np.float32
    assert (found.angle_min, found.angle_step, found.range_max) == (-0.5, 0.5, 10.0)


def test_what_is_no_scan():
    codec = codec_for(LaserScan().wire)
    with pytest.raises(ValueError, match="no sensor_msgs/msg/LaserScan"):
        codec.decode(b"\0\1\0\0")
    with pytest.raises(ValueError, match="without rays"):
        codec.decode(codec.encode(Scan(np.empty(0, np.float32), 0.0, 0.0, 1.0)))
    with pytest.raises(TypeError, match="expected a Scan, found list"):
        LaserScan().check([1.0])


def test_scans_are_linked_to_scans():
    assert LaserScan().accepts(LaserScan()) and not Tensor().accepts(LaserScan())
