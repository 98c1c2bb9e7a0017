"""What an IMU measures and velocities, as messages and back."""

import numpy as np
from geometry_msgs.msg import Twist
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Imu

from dnne_ros.testing import difference
from dnne_ros.transport.body_codecs import ImuCodec, TwistCodec
from dnne_ros.transport.payload import ImuReading, Velocity

READING = ImuReading(np.array([0.5, -0.5, 0.5, 0.5]), np.array([1.0, 2.0, 3.0]),
                     np.array([0.0, 0.0, 9.81]), 12_000_000_345)


def test_an_imus_reading_comes_back():
    codec = ImuCodec()
    data = codec.encode(READING)
    assert not difference(READING, codec.decode(data))
    message = deserialize_message(data, Imu)
    assert (message.orientation.w, message.angular_velocity.y) == (0.5, 2.0)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (12, 345)


def test_what_is_not_measured_is_no_number():
    message = Imu()
    message.orientation_covariance[0] = -1.0
    found = ImuCodec().decode(serialize_message(message))
    assert np.isnan(found.orientation).all()
    assert found.angular_velocity.tolist() == [0.0, 0.0, 0.0]
    again = deserialize_message(ImuCodec().encode(found), Imu)
    assert again.orientation_covariance[0] == -1.0 and again.angular_velocity_covariance[0] == 0.0


def test_a_velocity_comes_back():
    velocity = Velocity(np.array([1.0, 0.0, -2.0]), np.array([0.0, 0.5, 3.0]))
    data = TwistCodec().encode(velocity)
    assert not difference(velocity, TwistCodec().decode(data))
    assert deserialize_message(data, Twist).angular.z == 3.0
