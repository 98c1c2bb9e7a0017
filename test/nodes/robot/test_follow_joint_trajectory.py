"""With the real messages of ros2_control, where they are installed."""

import asyncio

import numpy as np
import pytest
import torch

from dnne_ros.errors import InputError, PeerError
from dnne_ros.nodes.robot.follow_joint_trajectory import FollowJointTrajectory
from dnne_ros.nodes.robot.joint_trajectory_publisher import JointTrajectoryPublisher
from dnne_ros.testing import NodeDriver

pytest.importorskip("control_msgs.action", reason="needs control_msgs")
pytest.importorskip("trajectory_msgs.msg", reason="needs trajectory_msgs")

from control_msgs.action import FollowJointTrajectory as Follow

ARM = {"joints": "shoulder,elbow", "rate": 4.0, "goal_time_tolerance": 1.5,
       "velocities": "differences"}


@pytest.fixture
def follow(run_async):
    """Run a client while a script talks to it; return its context."""
    def make(script, outputs=("actual", "error", "status", "succeeded"), **values):
        async def main():
            node = FollowJointTrajectory({**ARM, **values})
            async with NodeDriver(node, ["positions"], outputs=outputs) as context:
                context.actions.respond = lambda _: None
                await script(context)
            return context
        return run_async(main())
    return make


async def goal_of(context, chunk):
    context.feed("positions", chunk)
    count = len(context.actions.goals)
    while len(context.actions.goals) == count:
        context.is_through()
        await asyncio.sleep(0)
    return context.actions.goals[-1]


def test_a_chunk_is_a_trajectory(follow):
    async def script(context):
        goal = await goal_of(context, torch.tensor([[[0.0, 1.0], [0.5, 1.0]]]))
        feedback = Follow.Feedback(joint_names=["elbow", "shoulder"])
        feedback.actual.positions, feedback.error.positions = [1.0, 2.0], [0.25, 0.5]
        goal.say(feedback)
        goal.say(Follow.Feedback())  # of a controller that names no joints
        goal.end("succeeded", Follow.Result())
        await context.sends(7)

    context = follow(script, fixed="{goal_tolerance: [{name: elbow, position: 0.01}]}")
    goal = context.actions.goals[0].message
    assert goal.trajectory.joint_names == ["shoulder", "elbow"]
    first, second = goal.trajectory.points
    assert (list(first.positions), list(first.velocities)) == ([0.0, 1.0], [2.0, 0.0])
    assert (list(second.positions), list(second.velocities)) == ([0.5, 1.0], [0.0, 0.0])
    assert (first.time_from_start.nanosec, second.time_from_start.nanosec) == (
        250_000_000, 500_000_000)
    assert goal.trajectory.header.stamp.sec == 0
    assert goal.goal_time_tolerance.sec == 1
    assert goal.goal_tolerance[0].name == "elbow"
    assert [each.tolist() for each in context.outputs("actual")] == [[2.0, 1.0]]
    assert [each.tolist() for each in context.outputs("error")] == [[0.5, 0.25]]
    assert context.outputs("succeeded") == [True]
    assert context.health.values["unlike_feedback"] == 1
    assert context.actions.uses == [("/joint_trajectory_controller/follow_joint_trajectory",
                                     "control_msgs/action/FollowJointTrajectory", False)]


def test_a_new_chunk_replaces_the_one_under_way(follow):
    async def script(context):
        await goal_of(context, np.zeros(2))
        (await goal_of(context, np.ones(2))).end("succeeded", Follow.Result())
        while len(context.outputs("succeeded")) < 2:
            await asyncio.sleep(0)

    assert follow(script).outputs("status") == ["replaced", "succeeded"]


def test_what_the_controller_says_of_a_failure_is_said(follow):
    async def script(context):
        (await goal_of(context, np.zeros(2))).end("aborted", Follow.Result(
            error_code=Follow.Result.PATH_TOLERANCE_VIOLATED, error_string="elbow is off"))
        await context.sends(9)

    with pytest.raises(PeerError, match="a goal was aborted: error_code -4 elbow is off"):
        follow(script, when_failed="fail")
    with pytest.raises(InputError, match="has no field 'tolerances'"):
        follow(script, fixed="{tolerances: []}")


def test_a_chunk_is_published(drive):
    async def script(context):
        context.feed("positions", torch.tensor([0.5]))
        await context.idle()

    context = drive(JointTrajectoryPublisher({"joints": "a", "topic": "/arm/go", "rate": 2.0}),
                    script, linked=["positions"])
    message, = context.topics.published
    assert message.joint_names == ["a"] and list(message.points[0].positions) == [0.5]
    assert message.points[0].time_from_start.nanosec == 500_000_000
    assert context.topics.advertised[0][:2] == ("/arm/go", "trajectory_msgs/msg/JointTrajectory")


@pytest.mark.parametrize("values, expected", [
    ({"joints": "a,a"}, "widget 'joints': names: expected each once"),
    ({"action": "a b"}, "widget 'action': expected a ROS name"),
    ({"fixed": "7"}, "widget 'fixed': expected fields")])
def test_settings_that_cannot_be(values, expected):
    problem, = FollowJointTrajectory.validate_parameters(
        FollowJointTrajectory({**ARM, **values}).values)
    assert expected in problem
