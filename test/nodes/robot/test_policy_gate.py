"""PolicyGate as a node: what it hears, sends and says."""

import asyncio

import pytest
import torch
from sensor_msgs.msg import JointState

from dnne_ros.node_api.health import Level
from dnne_ros.nodes.robot.policy_gate import PolicyGate

NAN = float("nan")
ARM = {"joint_names": "a,b", "control_type": "effort", "joint_limits": "[[-1, 1], [-10, 10]]",
       "fade_seconds": 0.0, "timeout": 30.0}


def joints(velocity=None, **positions):
    """Return joint states by name, in the order in which they are given."""
    return JointState(name=list(positions), position=list(positions.values()),
                      velocity=velocity or [])


@pytest.fixture
def gate(drive):
    """Run a gate through a ``script``, which may ask for ``node``; returns the context."""
    def call(script, **values):
        call.node = PolicyGate({**ARM, **values})
        return drive(call.node, script, linked=["action"])
    return call


async def until(condition):
    while not condition():
        await asyncio.sleep(0.002)


def commands(context):
    return [command.tolist() for command in context.outputs("command")]


async def runs(context, **states):
    """Let the robot speak and the policy act, until actions count."""
    context.topics.deliver(joints(**{"a": 0.0, "b": 0.0, **states}))
    context.feed("action", torch.tensor([[0.5, 2.0]]))
    await until(lambda: [[0.5, 2.0]] in commands(context))


def test_an_action_becomes_a_command_within_limits(gate):
    async def script(context):
        await runs(context)
        context.feed("action", torch.tensor([-3.0, 20.0], dtype=torch.float64))
        await until(lambda: commands(context)[-1] == [[-1.0, 10.0]])

    context = gate(script)
    assert context.topics.subscriptions == [
        ("/joint_states", "sensor_msgs/msg/JointState", "sensor_data")]
    assert context.outputs("command")[-1].dtype == torch.float32
    assert context.health.values["state"] == "run" and context.health.level is Level.OK


@pytest.mark.parametrize("states", [
    [joints(b=0.0, a=0.0)], [joints(x=9.0, b=0.0, y=9.0, a=0.0)],
    [joints(a=0.0), joints(z=1.0, b=0.0)]], ids=["shuffled", "surplus", "in parts"])
def test_joints_are_found_by_name(gate, states):
    async def script(context):
        context.topics.deliver(*states)
        context.feed("action", torch.tensor([[0.5, 2.0]]))
        await until(lambda: [[0.5, 2.0]] in commands(context))

    gate(script)


@pytest.mark.parametrize("first, then, reason", [
    ({}, joints(a=0.0, b=NAN), "joint states that are not finite"),
    ({"position_bounds": "[-1, 1]"}, joints(a=0.0, b=1.5), "a joint is beyond its bounds"),
    ({"timeout": 0.2}, joints(a=0.0), "no joint states for 0.2 s"),
    ({"timeout": 0.2}, None, "no joint states for 0.2 s")],
    ids=["nan", "bounds", "missing joint", "silence"])
def test_the_robot_is_made_safe_and_the_policy_begins_anew(gate, first, then, reason):
    async def script(context):
        speaking = asyncio.ensure_future(speak(context))
        await runs(context)
        speaking.cancel()
        if then is not None:
            context.topics.deliver(then)
        acting = asyncio.ensure_future(act(context))  # the policy goes on all the time
        await until(lambda: context.outputs("restart"))
        await until(lambda: commands(context)[-1] == [[0.0, 0.0]])
        acting.cancel()

    async def speak(context):
        while True:
            await asyncio.sleep(0.02)
            context.topics.deliver(joints(a=0.0, b=0.0))

    async def act(context):
        while True:
            await asyncio.sleep(0.02)
            context.feed("action", torch.tensor([[0.25, 1.0]]))

    context = gate(script, **first)
    assert context.outputs("restart") == [True]
    told = next(status for status in context.outputs("status") if status["state"] == "safe")
    assert (told["reason"], told["stops"]) == (reason, 1)
    assert any(reason in line for _, line in context.log.lines)


def test_a_stop_that_lasts_is_ended_by_the_parameter(gate):
    async def script(context):
        await runs(context)
        context.topics.deliver(joints(a=0.0, b=4.0), joints(a=0.0, b=0.0))
        await until(lambda: context.health.values["latched"])
        context.feed("action", torch.tensor([[0.25, 1.0]]))
        await context.idle()
        assert commands(context)[-1] == [[0.0, 0.0]]
        gate.node.values["reset"] = True
        gate.node.widget_changed("reset")
        context.feed("action", torch.tensor([[0.25, 1.0]]))
        await until(lambda: commands(context)[-1] == [[0.25, 1.0]])
        assert context.outputs("restart") == [True, True]

    context = gate(script, position_bounds="[-1, 1]")
    assert any("it lasts until it is reset" in line for _, line in context.log.lines)
    assert gate.node.values["reset"] is False


def test_a_joint_that_is_only_watched(gate):
    """Its position is nobody's to bound; that it is heard of, and is a number, counts."""
    async def script(context):
        context.topics.deliver(joints(a=0.0, b=0.0))
        context.feed("action", torch.tensor([[0.5, 2.0]]))
        await context.idle()
        assert commands(context)[-1] == [[0.0, 0.0]]
        await runs(context, pole=99.0)
        context.topics.deliver(joints(a=0.0, b=0.0, pole=NAN))
        await until(lambda: context.health.values["state"] == "safe")

    gate(script, watched_joints="pole", position_bounds="[-1, 1]")


def test_velocities_count_where_they_are_asked_for(gate):
    async def script(context):
        context.topics.deliver(joints(velocity=[0.0, 0.0], a=0.0, b=0.0))
        context.feed("action", torch.tensor([[0.5, 2.0]]))
        await until(lambda: [[0.5, 2.0]] in commands(context))
        context.topics.deliver(joints(velocity=[0.0, -3.0], a=0.0, b=0.0))
        await until(lambda: context.health.values["latched"])

    context = gate(script, max_velocity="[5, 2]")
    assert context.health.values["reason"] == "a joint is faster than it may be"


def test_a_robot_without_velocities_is_named(gate):
    async def script(context):
        context.topics.deliver(joints(a=0.0, b=0.0))
        await until(lambda: context.log.lines)

    (_, said), *_ = gate(script, max_velocity="2").log.lines
    assert "dropped a message on /joint_states: 0 elements of velocity, and 2 names" in said


def test_a_full_graph_does_not_hold_up_the_watch(gate):
    async def script(context):
        await runs(context)
        context.fill("command")
        context.feed("action", torch.tensor([[0.5, 3.0]]))
        context.topics.deliver(joints(a=NAN, b=0.0))
        await until(lambda: context.health.values["state"] == "safe")
        context.drain("command")
        await until(lambda: commands(context)[-1] == [[0.0, 0.0]])

    gate(script)


def test_an_action_of_another_robot(gate):
    async def script(context):
        context.feed("action", torch.tensor([[1.0, 2.0, 3.0]]))
        await context.idle()

    with pytest.raises(ValueError, match="expected an action of 2 joints, found 3 numbers"):
        gate(script)


def test_the_policy_interface_names_the_joints(drive):
    async def look(context):
        pass

    node = PolicyGate(ARM)
    drive(node, look, linked=["action"])
    assert node.policy_interface() == {"actions": ["a.effort", "b.effort"]}


@pytest.mark.parametrize("values, expected", [
    ({"joint_names": "a,a"}, "each once"),
    ({"joint_limits": "[1, -1]"}, "widget 'joint_limits': expected [low, high]"),
    ({"position_bounds": "[[0, 1]]"}, "widget 'position_bounds': expected [low, high], or 2"),
    ({"max_velocity": "-1"}, "widget 'max_velocity': expected a number of at least 0"),
    ({"start_pose": "[0, 0, 0]"}, "widget 'start_pose': expected a number, or 2 in a list"),
    ({"start_pose": "[0, 20]", "control_type": "position"}, "[0, 20] is beyond joint_limits"),
    ({"max_change": "[1]"}, "widget 'max_change'"),
    ({"safe_command": "[5, 0]"}, "[5, 0] is beyond joint_limits"),
    ({"topic": "joint states"}, "widget 'topic': expected a ROS name")])
def test_settings_that_cannot_be(values, expected):
    problem, = PolicyGate.validate_parameters(PolicyGate({**ARM, **values}).values)
    assert expected in problem


def test_all_that_is_wrong_is_said_at_once():
    problems = PolicyGate.validate_parameters(PolicyGate({
        **ARM, "joint_limits": "no", "start_pose": "no", "max_velocity": "no"}).values)
    assert len(problems) == 3
