import asyncio

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays
from rclpy.serialization import deserialize_message
from std_msgs.msg import Float64MultiArray

from dnne_ros.node_api.health import Level
from dnne_ros.nodes.robot import gains
from dnne_ros.nodes.robot.command_limits import CommandLimits
from dnne_ros.nodes.robot.robot_controller import RobotControllerNode

NAN, INF = float("nan"), float("inf")
# Long beside what a busy machine keeps a process waiting.
SILENCE = 0.3
MOTORS = {"num_joints": 2, "control_type": "effort", "joint_limits": "[[-1, 1], [-10, 10]]"}


@pytest.fixture
def command(drive):
    """Command a robot with ``actions``, then do ``then``; return the context."""
    def call(*actions, then=None, timeout=10.0, **values):
        async def script(context):
            for action in actions:
                context.feed("action", torch.tensor(action))
                while context.waiting("action") or not context.health.values["actions"]:
                    await asyncio.sleep(0)
                await asyncio.sleep(0)
            if then is not None:
                await then(context)

        return drive(RobotControllerNode({**MOTORS, "timeout": timeout, **values}), script,
                     linked=["action"])
    return call


def commands(context):
    return [said(message) for message in context.topics.published]


def said(message):
    """Return the numbers of a serialised Float64MultiArray."""
    return list(deserialize_message(message, Float64MultiArray).data)


async def until(condition):
    while not condition():
        await asyncio.sleep(0.002)


def test_commands_as_forward_command_controllers_take_them(command):
    context = command([[0.5, -2.0]], [0.25, 1.0], topic="/effort_controller/commands")
    assert context.topics.advertised[0][:2] == (
        "/effort_controller/commands", "std_msgs/msg/Float64MultiArray")
    assert commands(context)[:2] == [[0.5, -2.0], [0.25, 1.0]]
    assert [tensor.tolist() for tensor in context.outputs("joint_commands")][:2] == [
        [0.5, -2.0], [0.25, 1.0]]
    status = context.outputs("status")[1]
    assert status["state"] == "active" and status["actions"] == 2


def test_a_rehearsal_commands_nothing(command):
    async def rehearse(context):
        counts = dict(context.health.values)
        for rehearsal in context.topics.rehearsals:
            rehearsal()
        assert commands(context) == [[0.5, 1.0]] and context.health.values == counts

    command([[0.5, 1.0]], then=rehearse)


@pytest.mark.parametrize("action", [[[NAN, 0.0]], [[0.0, INF]], [[-INF, NAN]]])
def test_numbers_that_are_not_finite_never_get_past(command, action):
    context = command([[0.5, 1.0]], action)
    assert commands(context) == [[0.5, 1.0], [0.0, 0.0]]  # the last is the end of the run
    assert context.health.values["refused"] == 1 and context.health.level is Level.WARN
    assert "refused an action: numbers that are not finite" in context.log.lines[0][1]


def test_actions_beyond_the_limits(command):
    context = command([[5.0, -20.0]], [[0.5, 10.0]])
    assert commands(context)[:2] == [[1.0, -10.0], [0.5, 10.0]]
    assert context.health.values["clamped"] == 1
    refused = command([[5.0, -20.0]], [[0.5, 10.0]], out_of_limits="refuse")
    assert commands(refused)[0] == [0.5, 10.0]
    assert refused.health.values["refused"] == 1 and refused.health.level is Level.OK
    assert refused.log.lines == [
        ("warning", "refused an action: beyond joint_limits: [5.0, -20.0]"),
        ("info", "actions are back")]


@pytest.mark.parametrize("values, safe", [
    ({}, [0.0, 0.0]), ({"control_type": "velocity"}, [0.0, 0.0]),
    ({"control_type": "position"}, [0.5, -2.0]), ({"safe_command": "hold"}, [0.5, -2.0]),
    ({"safe_command": "[0.25, 2]"}, [0.25, 2.0])])
def test_the_safe_command_comes_when_actions_do_not(command, values, safe):
    async def wait(context):
        await until(lambda: len(context.topics.published) >= 3)
        assert context.health.level is Level.WARN
        context.feed("action", torch.tensor([[0.75, 3.0]]))
        await until(lambda: context.health.level is Level.OK)

    context = command([[0.5, -2.0]], timeout=SILENCE, then=wait, **values)
    assert commands(context)[:3] == [[0.5, -2.0], safe, safe]
    assert [0.75, 3.0] in commands(context)[3:]
    assert context.health.values["safe_stops"] == 1
    assert context.log.lines[:2] == [
        ("warning", "no action for 0.3 s: the safe command is sent"),
        ("info", "actions are back")]
    states = [status["state"] for status in context.outputs("status")]
    assert states[0] == "active" and "safe" in states and states[-1] == "active"


@pytest.mark.parametrize("values, last", [
    ({}, [0.0, 0.0]), ({"safe_command": "hold"}, [0.0, 0.0]),
    ({"safe_command": "[0.25, 2]"}, [0.25, 2.0]), ({"control_type": "position"}, [0.5, -2.0])])
def test_the_end_of_a_run_leaves_no_push(command, values, last):
    assert commands(command([[0.5, -2.0]], **values))[-1] == last


def test_refused_actions_are_none(command):
    async def refuse(context):
        while not context.health.values["safe_stops"]:
            context.feed("action", torch.tensor([[NAN, NAN]]))
            await asyncio.sleep(0.005)

    context = command([[0.5, 1.0]], timeout=SILENCE, then=refuse)
    assert commands(context)[1] == [0.0, 0.0]


def test_the_watch_does_not_wait_for_the_graph(command):
    async def block(context):
        context.put = lambda *_: asyncio.Event().wait()
        context.feed("action", torch.tensor([[1.0, 1.0]]))
        await until(lambda: commands(context)[-1] == [0.0, 0.0])

    context = command([[0.5, 1.0]], timeout=SILENCE, then=block)
    assert commands(context)[:3] == [[0.5, 1.0], [1.0, 1.0], [0.0, 0.0]]


def test_nothing_is_commanded_before_the_first_action(command):
    async def wait(context):
        await asyncio.sleep(0.05)

    assert commands(command(then=wait, timeout=0.01)) == []


def test_positions_go_to_the_safe_command_step_by_step(command):
    async def wait(context):
        await until(lambda: commands(context)[-1] == [0.0, 0.0])

    context = command([[0.5, 1.0]], timeout=SILENCE, control_type="position", safe_command="zero",
                      max_change="[0.5, 1]", then=wait)
    first, second = zip(*commands(context))
    assert list(first) == sorted(first, reverse=True) and len(set(second)) > 3
    assert max(-np.diff(second)) <= 1 * SILENCE + 1e-9


def test_changes_are_limited(command):
    context = command([[1.0, 10.0]], max_change="2")
    (first, second), *_ = commands(context)
    assert 0 < first < 1 and first == pytest.approx(second)  # from zero, both as fast
    assert context.health.values["slowed"] == 1


def test_another_number_of_joints_is_an_error(command):
    with pytest.raises(ValueError, match=r"expected an action of 2 joints, found shape \(1, 3\)"):
        command([[1.0, 2.0, 3.0]])


def test_the_policy_interface_names_the_joints(drive):
    async def look(context):
        pass

    node = RobotControllerNode({**MOTORS, "joint_names": "a, b"})
    drive(node, look, linked=["action"])
    assert node.policy_interface() == {
        "actions": ["a.effort", "b.effort"], "kp": None, "kd": None}
    assert not node.needs_trained_policy(node.values)
    assert node.needs_trained_policy({**node.values, "trained_only": True})


def test_gains_go_out_by_joint_with_the_first_command_and_every_second(command, monkeypatch):
    told = []
    monkeypatch.setattr(gains, "_PERIOD", 0.0)

    async def wait(context):
        told.extend(context.topics.published)

    context = command(
        [[0.5, 1.0]], [[0.25, 1.0]], then=wait, control_type="position", joint_names="a,b",
        kp='{"b": 20, "a": 40}', kd="0.5", kp_topic="/kp_controller/commands")
    assert [advertised[0] for advertised in context.topics.advertised] == [
        "/kp_controller/commands", "~/commands"]
    assert [said(message) for message in told] == [
        [0.5, 1.0], [40.0, 20.0], [0.25, 1.0], [40.0, 20.0]]


def test_a_policy_that_was_stopped_begins_anew(command):
    async def wait(context):
        await until(lambda: context.outputs("restart"))

    context = command([[0.5, 1.0]], timeout=SILENCE, then=wait)
    assert context.outputs("restart") == [True]
    assert command([[0.5, 1.0]]).outputs("restart") == []


@pytest.mark.parametrize("values, expected", [
    ({"kp": "20"}, "widget 'kp': expected gains with control_type=position only"),
    ({"kp": "20", "control_type": "position"}, "widget 'kp': gains are by joint"),
    ({"kp": '{"a": 20, "c": 1}', "control_type": "position", "joint_names": "a,b"},
     "widget 'kp': expected a gain for each of joint_names: none for b; unknown c"),
    ({"kd": "[1, 1]", "control_type": "position", "joint_names": "a,b"},
     "widget 'kd': expected a gain from 0, or one for each joint by its name"),
    ({"kp_topic": "/kp"}, "widget 'kp_topic': expected kp, which is empty"),
    ({"joint_names": "a"}, "widget 'joint_names': expected num_joints=2 names, found 1"),
    ({"joint_names": "a,a"}, "each once"),
    ({"joint_limits": "1, 2"}, "widget 'joint_limits': expected numbers as JSON"),
    ({"joint_limits": "[1, -1]"}, "widget 'joint_limits': expected [low, high]"),
    ({"joint_limits": "[[1, 2]]"}, "or 2 such pairs"),
    ({"joint_limits": "[NaN, 1]"}, "expected [low, high]"),
    ({"max_change": "-1"}, "widget 'max_change': expected a number of at least 0"),
    ({"max_change": "[1]"}, "or 2 in a list"),
    ({"safe_command": "stop"}, "widget 'safe_command': expected one of auto, hold, zero"),
    ({"safe_command": "[5, 0]"}, "[5, 0] is beyond joint_limits"),
    ({"topic": "//x"}, "widget 'topic'"),
])
def test_settings_that_cannot_be(values, expected):
    problem, = RobotControllerNode.validate_parameters(
        RobotControllerNode({**MOTORS, **values}).values)
    assert expected in problem


@given(arrays.arrays(np.float64, 2), arrays.arrays(np.float64, 2, elements=st.floats(-1, 1)),
       st.floats(0, 10))
def test_what_gets_past_the_limits(command, last, seconds):
    limits = CommandLimits.parse(2, "[-1, 1]", "[0.5, 2]")
    clamped = limits.clamp(command)
    finite = np.isfinite(command)
    assert (abs(clamped[finite]) <= 1).all()
    reached = limits.approach(last, limits.clamp(np.nan_to_num(command)), seconds)
    assert (abs(reached) <= 1).all()
    assert (abs(reached - last) <= np.array([0.5, 2]) * seconds + 1e-12).all()


@pytest.mark.parametrize(("command", "holds"), [
    ([1.0, -1.0], True), ([0.0, 0.0], True), ([1.5, 0.0], False), ([0.0, -1.1], False),
    ([np.nan, 0.0], False), ([0.0, np.inf], False)])
def test_limits_hold_what_they_would_leave_as_it_is(command, holds):
    """Also where a joint may go anywhere."""
    for limits in "[-1, 1]", "[[-1, 1], [-Infinity, Infinity]]":
        found = CommandLimits.parse(2, limits, "").hold(np.array(command))
        assert found == (holds or (limits[1] == "[" and command[1] == -1.1))
