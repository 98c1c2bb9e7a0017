"""The node type."""

import numpy as np
import pytest
from corridor_kit.scan import LaserScan, Scan
from corridor_kit.sectors import ScanSectorsNode

from dnne_ros.testing import NodeContract, compute, example


@example.register
def _(port_type: LaserScan, draw):
    return Scan(draw.random.random(draw.size("ray"), np.float32), -1.0, 0.25, 10.0)


class TestContract(NodeContract):
    """What every node type promises."""

    node_type = ScanSectorsNode


def reduced(ranges, count, angle_min=0.0, angle_step=0.1):
    scan = Scan(np.array(ranges, np.float32), angle_min, angle_step, 9.0)
    return compute(ScanSectorsNode({"count": count}), scan=scan)


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
