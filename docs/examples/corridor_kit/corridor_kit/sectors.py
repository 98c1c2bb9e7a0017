"""A scan of hundreds of rays as a few numbers."""

import numpy as np

from corridor_kit.scan import LaserScan, Scan
from dnne_ros import Input, Node, Output, Tensor, Widget


class ScanSectorsNode(Node):
    """Give the nearest distance in each of a few equal sectors of a laser scan."""

    category = "sensors"

    scan = Input(LaserScan(), "What the laser says; unlinked: a ROS topic.", external=True)
    distances = Output(Tensor("float32", ("env", "sector")), "For a policy, (1, sectors), m.")
    sectors = Output(LaserScan(), "The same as a scan of as many rays, at the sectors' middles.")
    count = Widget(5, "Number of sectors.", minimum=1, maximum=1000,
                   fixed_because="it fixes the shapes of all tensors")

    async def compute(self, scan):
        """Take the nearest of each sector; rays that hit nothing count as the farthest."""
        import torch

        ranges = np.nan_to_num(scan.ranges, nan=scan.range_max, posinf=scan.range_max)
        rays = np.linspace(0, len(ranges), self.count + 1)[:-1].astype(int)
        nearest = np.minimum.reduceat(ranges, rays)
        width = scan.angle_step * len(ranges) / self.count
        first = scan.angle_min + (width - scan.angle_step) / 2
        return {"distances": torch.from_numpy(nearest)[None],
                "sectors": Scan(nearest, first, width, scan.range_max)}
