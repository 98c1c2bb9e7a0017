"""The one table of sensors' messages: which types there are, and what each says."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from dnne_ros.messages.pictures import read_picture, write_picture
from dnne_ros.messages.sensors.clouds import CloudConverter
from dnne_ros.messages.sensors.compressed import CompressedConverter
from dnne_ros.messages.sensors.converter import Converter, Options, Values
from dnne_ros.messages.sensors.quantity import Meaning, Quantity
from dnne_ros.messages.sensors.scans import RangeConverter, ScanConverter

_POINTS, _VECTOR, _ROTATION = Meaning.POINTS, Meaning.VECTOR, Meaning.ROTATION
_XYZ = "(3): x, y, z, "
_XYZW = "(4): a quaternion x, y, z, w."


class PictureConverter(Converter):
    """``sensor_msgs/Image``."""

    invalid = ("keep",)

    def reader(self, options: Options, wanted: Collection[str]
               ) -> Callable[[Any], dict[str, Any]]:
        """Return what reads pictures."""
        return lambda message: {name: read_picture(message) for name in wanted}

    def writer(self, options: Options, given: Collection[str]) -> Callable[[Any, Values], None]:
        """Return what writes pictures, in the encoding that fits."""
        return lambda message, values: write_picture(message, values["image"])


class ImuConverter(Converter):
    """``sensor_msgs/Imu``: what it says it does not measure (a covariance of -1) is NaN."""

    def reader(self, options: Options, wanted: Collection[str]
               ) -> Callable[[Any], dict[str, Any]]:
        """Return what reads what is measured."""
        as_sent = super().reader(Options(), wanted)

        def read(message: Any) -> dict[str, Any]:
            found = as_sent(message)
            for name, value in found.items():
                unknown = getattr(message, f"{name.removesuffix('_covariance')}_covariance")[0]
                if unknown == -1:
                    value.fill(float("nan"))
                found[name] = self._valid(value, name, options.invalid)
            return found
        return read


def _covariance(of: str) -> Quantity:
    return Quantity(f"{of}_covariance", f"(3, 3): of {of}, about x, y, z.", f"{of}_covariance",
                    Meaning.COVARIANCE, (3, 3))


def _pose(at: str = "") -> tuple[Quantity, ...]:
    return (Quantity("position", _XYZ + "m, in the header's frame.", f"{at}position", _POINTS),
            Quantity("orientation", _XYZW, f"{at}orientation", _ROTATION))


def _twist(at: str = "", meaning: Meaning = Meaning.NUMBERS, where: str = "") -> tuple[
        Quantity, ...]:
    return (Quantity("linear", _XYZ + f"m/s{where}.", f"{at}linear", meaning),
            Quantity("angular", _XYZ + f"rad/s{where}.", f"{at}angular", meaning))


_ALL = (
    ScanConverter(
        "sensor_msgs/msg/LaserScan",
        Quantity("ranges", "(n): one for each beam, m.", "ranges"),
        Quantity("intensities", "(n): in the sensor's own unit.", "intensities"),
        Quantity("angles", "(n): of each beam, rad.", computed=True),
        Quantity("points", "(n, 3): x, y, z of each range, m, in the header's frame.",
                 meaning=_POINTS, computed=True),
        Quantity("limits", "(2): the least and the greatest range, m.", "range_min,range_max")),
    CloudConverter(
        "sensor_msgs/msg/PointCloud2",
        Quantity("points", "(n, fields) or, of an organised cloud, (height, width, fields).",
                 meaning=_POINTS),
        Quantity("colors", "(n, 3) or (height, width, 3): red, green, blue, 0 to 255.")),
    RangeConverter(
        "sensor_msgs/msg/Range",
        Quantity("range", "(1): the distance, m.", "range"),
        Quantity("limits", "(2): the least and the greatest range, m.", "min_range,max_range"),
        Quantity("field_of_view", "(1): rad.", "field_of_view")),
    ImuConverter(
        "sensor_msgs/msg/Imu",
        Quantity("orientation", _XYZW[:-1] + ", in the world.", "orientation", Meaning.ATTITUDE),
        Quantity("angular_velocity", _XYZ + "rad/s.", "angular_velocity", _VECTOR),
        Quantity("linear_acceleration", _XYZ + "m/s².", "linear_acceleration", _VECTOR),
        _covariance("orientation"), _covariance("angular_velocity"),
        _covariance("linear_acceleration")),
    # The twist is in the child's frame, which another header's frame does not change.
    Converter("nav_msgs/msg/Odometry", *_pose("pose.pose."),
              *_twist("twist.twist.", where=", in the child's frame"),
              Quantity("child_frame", "The frame that moves.", "child_frame_id", Meaning.TEXT)),
    Converter("geometry_msgs/msg/PoseStamped", *_pose("pose.")),
    Converter("geometry_msgs/msg/Twist", *_twist()),
    Converter("geometry_msgs/msg/TwistStamped",
              *_twist("twist.", _VECTOR, ", in the header's frame")),
    Converter("sensor_msgs/msg/Joy",
              Quantity("axes", "(n): -1 to 1.", "axes"),
              Quantity("buttons", "(n): 0 or 1.", "buttons")),
    Converter("sensor_msgs/msg/BatteryState",
              Quantity("voltage", "(1): V.", "voltage"),
              Quantity("current", "(1): A, negative when it is discharged.", "current"),
              Quantity("charge", "(1): Ah.", "charge"),
              Quantity("percentage", "(1): 0 to 1.", "percentage"),
              Quantity("temperature", "(1): °C.", "temperature"),
              Quantity("cell_voltage", "(n): V.", "cell_voltage"),
              Quantity("status", "(3): status, health and technology, as the message numbers "
                       "them.",
                       "power_supply_status,power_supply_health,power_supply_technology"),
              Quantity("present", "(1): 1 if there is a battery.", "present")),
    PictureConverter("sensor_msgs/msg/Image",
                     Quantity("image", "(height, width) or (height, width, channels).",
                              meaning=Meaning.PICTURE)),
    CompressedConverter("sensor_msgs/msg/CompressedImage",
                        Quantity("image", "(height, width) or (height, width, channels).",
                                 meaning=Meaning.PICTURE)),
    Converter("sensor_msgs/msg/CameraInfo",
              Quantity("k", "(3, 3): the intrinsic matrix, pixels.", "k", shape=(3, 3)),
              Quantity("d", "(n): the distortion's parameters.", "d"),
              Quantity("r", "(3, 3): the rectification.", "r", shape=(3, 3)),
              Quantity("p", "(3, 4): the projection, pixels.", "p", shape=(3, 4)),
              Quantity("size", "(2): height and width, pixels.", "height,width"),
              Quantity("model", "The distortion's name.", "distortion_model", Meaning.TEXT)),
)
CONVERTERS: dict[str, Converter] = {each.message_type: each for each in _ALL}
"""By message type, ``package/msg/Name``."""
