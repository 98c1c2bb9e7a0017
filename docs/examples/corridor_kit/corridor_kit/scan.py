"""What a laser scanner says: a port type, and the ROS message that carries it."""

from array import array
from dataclasses import dataclass

import numpy as np

from dnne_ros import EdgePolicy, MessageCodec, PortType, Wire


@dataclass(frozen=True, eq=False)
class Scan:
    """Distances to what is around, in m, float32 (rays), from ``angle_min`` on (rad).

    The other numbers are rounded to 32 bits, too, as the message has no more: so a scan is the
    same in every process.
    """

    ranges: np.ndarray
    angle_min: float
    angle_step: float
    range_max: float

    def __post_init__(self):
        for name in ("angle_min", "angle_step", "range_max"):
            object.__setattr__(self, name, float(np.float32(getattr(self, name))))


class ScanCodec(MessageCodec):
    """A `Scan` as sensor_msgs/LaserScan."""

    message = "sensor_msgs/msg/LaserScan"

    def to_message(self, payload):
        """Return a message."""
        return self.message_type()(
            angle_min=payload.angle_min, angle_increment=payload.angle_step,
            angle_max=payload.angle_min + payload.angle_step * (len(payload.ranges) - 1),
            range_max=payload.range_max, ranges=array("f", payload.ranges.tobytes()))

    def from_message(self, message):
        """Return the scan; ValueError for one without rays."""
        if not message.ranges:
            raise ValueError("a scan without rays")
        return Scan(np.array(message.ranges, np.float32), message.angle_min,
                    message.angle_increment, message.range_max)


class LaserScan(PortType):
    """A `Scan`."""

    name = "LASER_SCAN"
    aliases = ("SCAN",)
    policy = EdgePolicy.DROP_OLDEST
    modules = ("sensor_msgs.msg",)

    @property
    def wire(self):
        """Return sensor_msgs/LaserScan."""
        return Wire(ScanCodec)

    def check(self, value):
        """Raise TypeError for anything else."""
        if not isinstance(value, Scan):
            raise TypeError(f"expected a Scan, found {type(value).__name__}")

    def pack(self, value):
        """Return the scan as it is."""
        return value

    def unpack(self, payload):
        """Return the scan."""
        return payload
