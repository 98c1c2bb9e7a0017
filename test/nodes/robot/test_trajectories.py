import re

import numpy as np
import pytest
import torch

from dnne_ros.nodes.robot.follow_joint_trajectory import FollowJointTrajectory
from dnne_ros.nodes.robot.joint_trajectory_publisher import JointTrajectoryPublisher
from dnne_ros.nodes.robot.navigate_to_pose import NavigateToPose, pose_of
from dnne_ros.nodes.robot.trajectories import duration, rows_of, trajectory

JOINTS = ("shoulder", "elbow")


@pytest.mark.parametrize("chunk, expected", [
    ([1.0, 2.0], [[1.0, 2.0]]), ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]]),
    ([[[1.0, 2.0], [3.0, 4.0]]], [[1.0, 2.0], [3.0, 4.0]])])
def test_chunks_of_every_shape(chunk, expected):
    assert rows_of(torch.tensor(chunk), JOINTS).tolist() == expected


@pytest.mark.parametrize("chunk, expected", [
    (np.zeros(3), r"expected positions of 2 joints, .* found the shape \(3,\)"),
    (np.zeros((2, 4, 2)), r"the shape \(2, 4, 2\)"), (np.zeros((0, 2)), r"the shape \(0, 2\)"),
    (np.array(1.0), r"the shape \(\)"),
    ([[0.0, 0.0], [0.0, np.nan]], "the position of elbow in row 1 is nan")])
def test_chunks_that_do_not_fit(chunk, expected):
    with pytest.raises(ValueError, match=expected):
        rows_of(chunk, JOINTS)


def test_each_row_has_its_time():
    fields = trajectory(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), JOINTS, 3.0, delay=1.0)
    assert fields["joint_names"] == ["shoulder", "elbow"]
    assert [point["positions"].tolist() for point in fields["points"]] == [
        [1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    assert [point["time_from_start"] for point in fields["points"]] == [
        {"sec": 1, "nanosec": 333_333_333}, {"sec": 1, "nanosec": 666_666_667},
        {"sec": 2, "nanosec": 0}]
    assert all("velocities" not in point for point in fields["points"])
    assert duration(0.9999999999) == {"sec": 1, "nanosec": 0}


def test_velocities_are_those_between_the_points_and_none_at_the_last():
    rows = np.array([[0.0], [1.0], [4.0], [9.0]])
    fields = trajectory(rows, ["a"], 10.0, velocities="differences")
    assert [point["velocities"].tolist() for point in fields["points"]] == [
        [10.0], [20.0], [40.0], [0.0]]  # (1-0), (4-0)/2, (9-1)/2 in a tenth of a second
    single, = trajectory(rows[:1], ["a"], 10.0, velocities="differences")["points"]
    assert single["velocities"].tolist() == [0.0]


def test_poses():
    assert pose_of([1.0, 2.0, np.pi]) == pytest.approx([1, 2, 0, 0, 0, 1, 0])
    assert pose_of([1, 2, 3, 0, 0, 0, 2]).tolist() == [1, 2, 3, 0, 0, 0, 1]
    for wrong in ([1.0, 2.0], [1, 2, np.inf]):
        with pytest.raises(ValueError, match="expected x, y, yaw or x, y, z, qx, qy, qz, qw"):
            pose_of(wrong)
    with pytest.raises(ValueError, match=r"expected a quaternion, found \[0.0, 0.0, 0.0, 0.0\]"):
        pose_of(np.zeros(7))


@pytest.mark.parametrize("node_type, package", [
    (JointTrajectoryPublisher, "trajectory_msgs"), (FollowJointTrajectory, "control_msgs"),
    (NavigateToPose, "nav2_msgs")])
def test_a_package_that_is_not_installed_is_named(node_type, package, monkeypatch):
    monkeypatch.setattr("dnne_ros.messages.message_types._folders", lambda _: [])
    from dnne_ros.messages.message_types import _interface
    _interface.cache_clear()
    values = {**node_type().values, "joints": "a"}
    try:
        problem, = node_type.validate_parameters(values)
    finally:
        _interface.cache_clear()
    assert re.search(f"the package {package} is not installed; .*apt install "
                     f"ros-.*-{package.replace('_', '-')}; or", problem), problem
