"""What policies see of joint states, of an IMU, and of velocity commands."""

import numpy as np
import pytest

from dnne_ros.nodes.policies.message_inputs import ImuInput, JointInput, VelocityInput
from dnne_ros.policies.leapp_kinds import Joints
from dnne_ros.transport.payload import ImuReading, JointStates, Velocity

AGE = 0.1


def joint_states(**position):
    numbers = np.array(list(position.values()), np.float64)
    return JointStates(tuple(position), numbers, 10.0 * numbers, np.empty(0))


@pytest.fixture
def joints():
    """Return an input of positions of two joints and the velocity of one, in orders of its own."""
    return JointInput({"m/position": Joints("position", ("knee", "hip")),
                       "m/velocity": Joints("velocity", ("hip",))})


def test_each_tensor_has_its_joints_in_its_order(joints):
    joints.take(joint_states(neck=9.0, hip=1.0, knee=2.0), 0.0, AGE, all_new=False)
    rows = joints.rows(0.0, AGE)
    assert {end: row.tolist() for end, row in rows.items()} == {
        "m/position": [2.0, 1.0], "m/velocity": [10.0]}
    assert {row.dtype for row in rows.values()} == {np.dtype("float32")}


def test_parts_add_up_while_they_are_new(joints):
    joints.take(joint_states(hip=1.0), 0.0, AGE, all_new=False)
    assert joints.rows(0.0, AGE) is None
    joints.take(joint_states(knee=2.0), 0.05, AGE, all_new=False)
    assert joints.rows(0.05, AGE)["m/position"].tolist() == [2.0, 1.0]
    joints.take(joint_states(knee=3.0), 0.2, AGE, all_new=False)
    with pytest.raises(ValueError, match="hip is 0.2 s old"):
        joints.rows(0.2, AGE)


def test_what_is_taken_twice_is_new_once_where_no_rate_is_kept(joints):
    for name, expected in (("hip", None), ("knee", [1.0, 1.0]), ("knee", None),
                           ("hip", [1.0, 1.0])):
        joints.take(joint_states(**{name: 1.0}), 0.0, AGE, all_new=True)
        rows = joints.rows(0.0, AGE)
        assert (rows if rows is None else rows["m/position"].tolist()) == expected


def test_joints_without_the_quantity_are_refused(joints):
    joints.take(joint_states(hip=1.0, knee=2.0), 0.0, AGE, all_new=False)
    with pytest.raises(ValueError, match="0 elements of velocity, and 2 names"):
        joints.take(JointStates(("hip", "knee"), np.ones(2), np.empty(0), np.empty(0)), 0.0, AGE,
                    all_new=False)
    assert joints.rows(0.0, AGE) is None  # the message before is another one's


def reading(**changes):
    values = {"orientation": np.array([0.1, 0.2, 0.3, 0.9]),
              "angular_velocity": np.array([1.0, 2.0, 3.0]),
              "linear_acceleration": np.array([4.0, 5.0, 6.0]), **changes}
    return ImuReading(**values)


def test_an_imu_gives_the_elements_that_are_asked_for():
    imu = ImuInput({"m/wxyz": (3, 0, 1, 2), "m/turn": (6,)})
    assert imu.rows(0.0, AGE) is None
    imu.take(reading(linear_acceleration=np.full(3, np.nan)), 1.0, AGE, all_new=False)
    rows = imu.rows(1.05, AGE)
    assert rows["m/wxyz"].tolist() == pytest.approx([0.9, 0.1, 0.2, 0.3])
    assert rows["m/turn"].tolist() == [3.0]


def test_an_imu_that_is_old_or_does_not_measure_is_said_to():
    imu = ImuInput({"m/turn": (4, 5)})
    imu.take(reading(), 1.0, AGE, all_new=False)
    with pytest.raises(ValueError, match="is 0.5 s old"):
        imu.rows(1.5, AGE)
    imu.take(reading(angular_velocity=np.array([np.nan, 0.0, 0.0])), 2.0, AGE, all_new=False)
    with pytest.raises(ValueError, match="no number for angular_velocity.x"):
        imu.rows(2.0, AGE)


def test_a_velocity_counts_for_a_while():
    wanted = VelocityInput({"m/command": (0, 5)})
    assert wanted.rows(0.0, AGE)["m/command"].tolist() == [0.0, 0.0]
    wanted.take(Velocity(np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])), 1.0, AGE,
                all_new=False)
    assert wanted.rows(1.1 - 1e-9, AGE)["m/command"].tolist() == [1.0, 6.0]
    assert wanted.rows(1.2, AGE)["m/command"].tolist() == [0.0, 0.0]


def test_a_velocity_that_is_not_finite_changes_nothing():
    wanted = VelocityInput({"m/command": (0,)})
    wanted.take(Velocity(np.ones(3), np.ones(3)), 1.0, AGE, all_new=False)
    with pytest.raises(ValueError, match="not finite"):
        wanted.take(Velocity(np.array([np.nan, 0.0, 0.0]), np.zeros(3)), 1.0, AGE, all_new=False)
    assert wanted.rows(1.0, AGE)["m/command"].tolist() == [1.0]
