import asyncio

import numpy as np
import pytest
import torch

from dnne_ros.node_api.port_types import AnyValue, SimHandle
from dnne_ros.node_api.ports import Input
from dnne_ros.nodes.robot.robot import JointCommandsNode, JointObservationsNode
from dnne_ros.transport.payload import JointStates


def states(**joints):
    """Return joint states of name=(position, velocity)."""
    position, velocity = (np.array(column) for column in zip(*joints.values()))
    return JointStates(tuple(joints), position, velocity, np.empty(0))


GOOD = states(other=(9.0, 9.0), b=(3.0, 4.0), a=(1.0, 2.0))


@pytest.fixture
def sense(drive):
    """Observe joints a and b of a robot that says ``fed``, until ``count`` observations."""
    def call(*fed, count=1, **values):
        async def script(context):
            context.feed("joint_states", *fed)
            await context.sends(count)
            await asyncio.sleep(0.1)

        node = JointObservationsNode({"joints": "a, b", "rate": 1000.0, **values})
        return drive(node, script, linked=["joint_states"])
    return call


@pytest.fixture
def command(drive):
    """Command a robot with ``actions``, then wait for ``rest`` seconds."""
    def call(*actions, rest=0.0, **values):
        async def script(context):
            context.feed("action", *map(torch.tensor, actions))
            await context.sends(len(actions))
            await asyncio.sleep(rest)

        return drive(JointCommandsNode(values), script, linked=["action"])
    return call


def test_joints_are_found_by_name(sense):
    observations, = sense(GOOD).outputs("observations")
    assert observations.tolist() == [[1.0, 2.0, 3.0, 4.0]]
    assert observations.dtype == torch.float32


def test_contracts_say_what_the_columns_are():
    node = JointObservationsNode({"joints": "a, b", "quantities": "velocity,position"})
    node.setup()
    assert node.policy_interface() == {
        "joints": ["a", "b"], "rate_hz": 60.0,
        "observations": ["a.velocity", "a.position", "b.velocity", "b.position"]}
    node = JointCommandsNode({"joints": "a,b", "quantity": "velocity"})
    node.setup()
    assert node.policy_interface() == {"actions": ["a.velocity", "b.velocity"]}


@pytest.mark.parametrize("bad, complaint", [
    (states(a=(1.0, 2.0), c=(0.0, 0.0)), "without b; there are a, c"),
    (JointStates((), *[np.empty(0)] * 3), "without a, b; there are none"),
    (states(a=(1.0, float("nan")), b=(0.0, 0.0)), "without a number for a.velocity"),
    (JointStates(("a", "b"), np.zeros(2), *[np.empty(0)] * 2), "for a.velocity, b.velocity"),
])
def test_no_observation_of_half_a_robot(sense, bad, complaint):
    context = sense(bad, bad, GOOD, timeout=10.0)
    assert len(context.sent) == 1
    warning, back = context.log.lines  # once, however often it comes
    assert complaint in warning[1] and back == ("info", "joint states are back")


def test_a_silent_robot_is_noticed(sense):
    context = sense(count=0, timeout=0.01)
    assert context.log.lines == [
        ("warning", "no joint states for 0.01 s: the policy gets no observations")]
    assert not context.sent


@pytest.mark.parametrize("quantity, stops", [
    ("effort", True), ("velocity", True), ("position", False)])
def test_commands_stop_when_actions_do(command, quantity, stops):
    context = command([[1.5, -2.0]], rest=0.2, joints="a,b", quantity=quantity, timeout=0.02)
    commands = context.outputs("commands")
    assert [values.tolist() for values in commands] == [[1.5, -2.0], *[[0.0, 0.0]] * stops]
    assert commands[0].dtype == torch.float64
    assert context.log.lines == [("warning", "no action for 0.02 s: the robot is stopped")]


def test_the_end_of_a_run_stops_the_robot(command):
    context = command([[3.0]], [[4.0]], timeout=10.0)
    assert [values.tolist() for values in context.outputs("commands")] == [[3.0], [4.0], [0.0]]
    assert not command().sent


@pytest.mark.parametrize("action", [[[1.0], [1.0]], [[1.0, 1.0]], [[float("nan")]]])
def test_actions_that_are_none_for_this_robot(command, action):
    with pytest.raises(ValueError, match=r"expected an action of \(1, 1\) finite numbers"):
        command(action)


@pytest.mark.parametrize("node_type, values, expected", [
    (JointObservationsNode, {"joints": "a,,b"}, "widget 'joints': expected names"),
    (JointObservationsNode, {"joints": ""}, "widget 'joints': expected names"),
    (JointObservationsNode, {"quantities": "position,torque"}, "some of position, velocity"),
    (JointCommandsNode, {"joints": "a, a"}, "each once, none empty")])
def test_lists_that_are_wrong(node_type, values, expected):
    problem, = node_type.validate_parameters(node_type(values).values)
    assert expected in problem


@pytest.mark.parametrize("type", [SimHandle(), AnyValue()], ids=str)
def test_an_external_input_needs_a_message(type):
    with pytest.raises(TypeError, match="cannot be external"):
        Input(type, external=True)
