"""Which tensors of a bundle are in ROS messages, and where."""

import pytest

from dnne_ros.policies.leapp_bundle import LeappTensor
from dnne_ros.policies.leapp_kinds import Joints, commanded_joints, observed_messages

QUATERNION = ("body_w", "body_x", "body_y", "body_z")


def tensor(kind, *elements, shape=None, dtype="float32"):
    return LeappTensor("t", dtype, shape or (1, len(elements)), kind, elements)


@pytest.mark.parametrize("kind, quantity", [
    ("state/joint/position", "position"), ("state/joint/velocity", "velocity"),
    ("state/joint/effort", "effort")])
def test_joints_are_known_by_name(kind, quantity):
    found = observed_messages({"m/t": tensor(kind, "hip", "knee")})
    assert found.joints == {"m/t": Joints(quantity, ("hip", "knee"))}
    assert found.ends == {"m/t"}


@pytest.mark.parametrize("stays", [
    tensor("state/joint/position", shape=(1, 2)),  # which joints?
    tensor("state/joint/position", "a", "b", shape=(3, 2)),  # three samples
    tensor("state/joint/position", "a", dtype="float64"),
    tensor("state/joint/acceleration", "a"), tensor("state/vector3d", "x", "y", "z"),
    tensor("", "a"), tensor("command/joint/position", "a"),
    tensor("state/body/rotation", shape=(1, 4)),  # where is w?
    tensor("state/body/rotation", *QUATERNION[:3]),
    tensor("state/body/angular_velocity", "a", "b", "c"),
    tensor("command/body/velocity", shape=(1, 3)),
    tensor("command/body/velocity", "lin_vel_x", "heading")])
def test_what_does_not_say_what_it_is_stays_a_tensor(stays):
    assert observed_messages({"m/t": stays}).ends == set()


def test_an_imu_has_what_is_there_once():
    found = observed_messages({
        "m/rotation": tensor("state/body/rotation", *QUATERNION),
        "m/turn": tensor("state/body/angular_velocity", shape=(1, 3)),
        "m/a": tensor("state/body/linear_acceleration", "x", "y", "z"),
        "m/b": tensor("state/body/linear_acceleration", "x", "y", "z")})
    assert found.imu == {"m/rotation": (3, 0, 1, 2), "m/turn": (4, 5, 6)}


@pytest.mark.parametrize("elements, places", [
    (("lin_vel_x", "lin_vel_y", "ang_vel_z"), (0, 1, 5)),
    (("angular_z", "linear_x"), (5, 0)), (("linear_velocity_y",), (1,)),
    (("Lin_X", "ang_y"), (0, 4))])
def test_a_velocity_command_says_its_axes(elements, places):
    found = observed_messages({"m/t": tensor("command/body/velocity", *elements)})
    assert found.velocity == {"m/t": places}


@pytest.mark.parametrize("kind, quantity", [
    ("target/joint/position", "position"), ("command/joint/effort", "effort"),
    ("target/joint/torques", "effort"), ("target/joint/velocity", "velocity")])
def test_commands_of_joints_are_known_by_name(kind, quantity):
    outputs = {"m/t": tensor(kind, "hip", "knee"), "m/kp": tensor("kp", "hip", "knee")}
    assert commanded_joints(outputs) == {"m/t": Joints(quantity, ("hip", "knee"))}
