"""Messages of any type in another frame: a quarter turn about z, and 10 m along x."""

import numpy as np
import pytest
from geometry_msgs.msg import (
    Point32,
    PolygonStamped,
    PoseStamped,
    PoseWithCovarianceStamped,
    TransformStamped,
    Twist,
    TwistStamped,
    WrenchStamped,
)
from sensor_msgs.msg import Imu, JointState, LaserScan, NavSatFix

from dnne_ros.messages.sensors.frames import rotation_matrix
from dnne_ros.messages.sensors.whole import moves_of

POSITION = np.array([10.0, 0.0, 0.0])
ROTATION = np.array([0.0, 0.0, 0.5**0.5, 0.5**0.5])


def moved(message):
    moves = moves_of(type(message))
    assert moves
    for move in moves:
        move(message, POSITION, ROTATION)
    return message


def xyz(part):
    return pytest.approx([part.x, part.y, part.z], abs=1e-6)


def test_a_point_is_turned_and_moved_a_vector_only_turned():
    pose = PoseStamped()
    pose.pose.position.x = 1.0
    moved(pose)
    assert xyz(pose.pose.position) == [10.0, 1.0, 0.0]
    assert pose.pose.orientation.z == pytest.approx(0.5**0.5)
    twist = TwistStamped()
    twist.twist.linear.x = 1.0
    assert xyz(moved(twist).twist.linear) == [0.0, 1.0, 0.0]
    wrench = WrenchStamped()
    wrench.wrench.torque.y = 1.0
    assert xyz(moved(wrench).wrench.torque) == [-1.0, 0.0, 0.0]
    where = TransformStamped()
    where.transform.translation.x = 1.0  # a Vector3 that says where something is
    assert xyz(moved(where).transform.translation) == [10.0, 1.0, 0.0]


def test_an_odometrys_velocities_are_those_of_the_child():
    messages = pytest.importorskip("nav_msgs.msg")
    odometry = messages.Odometry()
    odometry.pose.pose.position.x = odometry.twist.twist.linear.x = 1.0
    moved(odometry)
    assert xyz(odometry.pose.pose.position) == [10.0, 1.0, 0.0]
    assert xyz(odometry.twist.twist.linear) == [1.0, 0.0, 0.0]


def test_each_element_of_a_list():
    polygon = PolygonStamped()
    polygon.polygon.points = [Point32(x=1.0), Point32(y=1.0)]
    assert [xyz(point) for point in moved(polygon).polygon.points] == [
        [10.0, 1.0, 0.0], [9.0, 0.0, 0.0]]


def test_covariances_turn_with_it():
    pose = PoseWithCovarianceStamped()
    pose.pose.covariance = np.diag([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).ravel()
    found = np.reshape(moved(pose).pose.covariance, (6, 6))
    np.testing.assert_allclose(found, np.diag([2.0, 1.0, 3.0, 5.0, 4.0, 6.0]), atol=1e-9)
    imu = Imu()
    imu.linear_acceleration.x = 1.0
    imu.linear_acceleration_covariance = np.diag([1.0, 2.0, 3.0]).ravel()
    imu.orientation_covariance[0] = -1.0  # it says by that that there is none
    moved(imu)
    assert xyz(imu.linear_acceleration) == [0.0, 1.0, 0.0]
    np.testing.assert_allclose(np.reshape(imu.linear_acceleration_covariance, (3, 3)),
                               np.diag([2.0, 1.0, 3.0]), atol=1e-9)
    assert list(imu.orientation_covariance) == [-1.0, *[0.0] * 8]


def test_an_imus_orientation_is_that_of_the_frame_in_the_world():
    imu = moved(Imu())  # lies as the world does
    found = imu.orientation
    turn = rotation_matrix(np.array([found.x, found.y, found.z, found.w]))
    np.testing.assert_allclose(turn, rotation_matrix(ROTATION).T, atol=1e-9)


@pytest.mark.parametrize("message", [JointState, LaserScan, NavSatFix])
def test_what_has_no_geometry_has_nothing_to_move(message):
    assert moves_of(message) == ()
    assert moves_of(Twist)
