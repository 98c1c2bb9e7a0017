"""The node type."""

import asyncio

import numpy as np
import pytest
from corridor_kit.scan import Scan
from corridor_kit.sectors import ScanSectorsNode


def reduced(ranges, count, angle_min=0.0, angle_step=0.1):
    scan = Scan(np.array(ranges, np.float32), angle_min, angle_step, 9.0)
    return asyncio.run(ScanSectorsNode({"count": count}).compute(scan))


@pytest.mark.parametrize("ranges, count, expected", [
    ([5, 1, 2, 3], 2, [1, 2]), ([5, 1, 2, 3], 1, [1]), ([5, 1, 2, 3, 4], 2, [1, 2]),
    ([5, np.inf, np.nan, 3], 2, [5, 3]), ([np.inf, np.nan], 1, [9]), ([4], 2, [4, 4])])
def test_the_nearest_of_each_sector(ranges, count, expected):
    outputs = reduced(ranges, count)
    assert outputs["distances"].tolist() == [expected]
    assert outputs["sectors"].ranges.tolist() == expected


def test_a_sector_points_to_its_middle():
    sectors = reduced([1, 2, 3, 4], 2, angle_min=-0.15, angle_step=0.1)["sectors"]
    assert sectors.angle_min == pytest.approx(-0.1)
    assert sectors.angle_step == pytest.approx(0.2)
