"""What an IMU measures and the velocity of a body, as the messages that robots publish."""

from __future__ import annotations

from typing import Any

import numpy as np

from dnne_ros.transport.codec import MessageCodec
from dnne_ros.transport.payload import ImuReading, Velocity

_SECOND = 1_000_000_000
_UNKNOWN = -1.0
"""In the first element of a covariance: the quantity is not measured."""
_IMU_FIELDS = (("orientation", "xyzw"), ("angular_velocity", "xyz"),
               ("linear_acceleration", "xyz"))


class ImuCodec(MessageCodec):
    """``sensor_msgs/Imu`` as an `ImuReading`."""

    message = "sensor_msgs/msg/Imu"

    def to_message(self, payload: ImuReading) -> Any:
        """Return a message; quantities with NaN in them are said not to be measured."""
        message = self.message_type()()
        stamp = message.header.stamp
        stamp.sec, stamp.nanosec = divmod(payload.stamp_ns, _SECOND)
        for name, axes in _IMU_FIELDS:
            values = getattr(payload, name)
            _set(getattr(message, name), axes, values)
            if np.isnan(values).any():
                getattr(message, f"{name}_covariance")[0] = _UNKNOWN
        return message

    def from_message(self, message: Any) -> ImuReading:
        """Return what it measures."""
        stamp = message.header.stamp
        measured = {
            name: np.full(len(axes), np.nan)
            if getattr(message, f"{name}_covariance")[0] == _UNKNOWN
            else _get(getattr(message, name), axes) for name, axes in _IMU_FIELDS}
        return ImuReading(stamp_ns=stamp.sec * _SECOND + stamp.nanosec, **measured)


class TwistCodec(MessageCodec):
    """``geometry_msgs/Twist`` as a `Velocity`."""

    message = "geometry_msgs/msg/Twist"

    def to_message(self, payload: Velocity) -> Any:
        """Return a message."""
        message = self.message_type()()
        _set(message.linear, "xyz", payload.linear)
        _set(message.angular, "xyz", payload.angular)
        return message

    def from_message(self, message: Any) -> Velocity:
        """Return the velocity."""
        return Velocity(_get(message.linear, "xyz"), _get(message.angular, "xyz"))


def _set(vector: Any, axes: str, values: np.ndarray) -> None:
    for axis, value in zip(axes, values.tolist(), strict=True):
        setattr(vector, axis, value)


def _get(vector: Any, axes: str) -> np.ndarray:
    return np.array([getattr(vector, axis) for axis in axes])
