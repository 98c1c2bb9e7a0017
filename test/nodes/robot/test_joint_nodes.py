import asyncio

import numpy as np
import pytest
import torch

from dnne_ros.node_api.port_types import AnyValue, SimHandle
from dnne_ros.node_api.ports import Input
from dnne_ros.nodes.robot.joint_nodes import JointCommandsNode, JointObservationsNode
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
    """Command a robot with ``actions``, until ``count`` commands (one an action) were sent."""
    def call(*actions, count=None, **values):
        async def script(context):
            context.feed("action", *map(torch.tensor, actions))
            await context.sends(len(actions) if count is None else count)

        return drive(JointCommandsNode(values), script, linked=["action"])
    return call


def test_joints_are_found_by_name(sense):
    observations, = sense(GOOD).outputs("observations")
    assert observations.tolist() == [[1.0, 2.0, 3.0, 4.0]]
    assert observations.dtype == torch.float32


def test_policy_interfaces_say_what_the_columns_are(drive):
    async def look(context):
        pass

    node = JointObservationsNode({"joints": "a, b", "quantities": "velocity, position"})
    drive(node, look, linked=["joint_states"])
    assert node.policy_interface() == {
        "joints": ["a", "b"], "rate_hz": 60.0,
        "observations": ["a.velocity", "a.position", "b.velocity", "b.position"]}
    node = JointCommandsNode({"joints": "a, b", "quantity": "velocity"})
    drive(node, look, linked=["action"])
    assert node.policy_interface() == {
        "actions": ["a.velocity", "b.velocity"], "kp": None, "kd": None}
    assert JointCommandsNode.needs_trained_policy(node.values)


@pytest.mark.parametrize("bad, complaint", [
    (states(a=(1.0, 2.0), c=(0.0, 0.0)), "no b; the message names a, c"),
    (JointStates((), *[np.empty(0)] * 3), "no a, b; the message names nothing"),
    (states(a=(1.0, float("nan")), b=(0.0, 0.0)), "no number for a.velocity"),
    (JointStates(("a", "b"), np.zeros(2), *[np.empty(0)] * 2), "0 elements of velocity, and 2"),
])
def test_no_observation_of_half_a_robot(sense, bad, complaint):
    context = sense(bad, bad, GOOD, timeout=10.0, part_age=0.0)
    assert len(context.sent) == 1
    warning, back = context.log.lines  # once, however often it comes
    assert complaint in warning[1] and back == ("info", "joint_states is good again")


def test_what_several_broadcasters_say_adds_up(sense):
    """In the order of the widget, whoever speaks first, and beside joints of no interest."""
    observations, = sense(states(b=(3.0, 4.0), grip=(7.0, 7.0)), states(a=(1.0, 2.0)),
                          timeout=10.0, part_age=10.0).outputs("observations")
    assert observations.tolist() == [[1.0, 2.0, 3.0, 4.0]]


def test_a_broadcaster_that_falls_silent_is_missed_by_its_joints(drive):
    async def script(context):
        while not any(level == "warning" and ("b is 0." in said or "nothing of a so far" in said)
                      for level, said in context.log.lines):
            context.feed("joint_states", states(b=(3.0, 4.0)))
            await asyncio.sleep(0.005)

    node = JointObservationsNode({"joints": "a, b", "rate": 1000.0, "timeout": 0.02,
                                  "part_age": 0.01})
    assert not drive(node, script, linked=["joint_states"]).sent


def test_a_silent_robot_is_noticed(sense):
    context = sense(count=0, timeout=0.01)
    assert context.log.lines == [("warning", "no message on joint_states for 0.01 s")]
    assert not context.sent


@pytest.mark.parametrize("quantity, safe", [
    ("effort", [0.0, 0.0]), ("velocity", [0.0, 0.0]), ("position", [1.5, -2.0])])
def test_commands_stop_when_actions_do(command, quantity, safe):
    context = command([[1.5, -2.0]], count=3, joints="a,b", quantity=quantity, timeout=0.02)
    commands = context.outputs("commands")
    assert [values.tolist() for values in commands[:3]] == [[1.5, -2.0], safe, safe]
    assert commands[0].dtype == torch.float64
    assert context.log.lines == [("warning", "no action for 0.02 s: the safe command is sent")]


def test_the_end_of_a_run_stops_the_robot(command):
    context = command([[3.0]], [[4.0]], timeout=10.0)
    assert [values.tolist() for values in context.outputs("commands")] == [[3.0], [4.0], [0.0]]
    assert not command().sent


@pytest.mark.parametrize("action", [[[1.0], [1.0]], [[1.0, 1.0]]])
def test_actions_that_are_none_for_this_robot(command, action):
    with pytest.raises(ValueError, match="expected an action of 1 joints, found shape"):
        command(action)


def test_an_action_that_is_no_number_never_reaches_the_robot(command):
    context = command([[float("nan")]], [[2.0]], count=1, timeout=10.0)
    assert [values.tolist() for values in context.outputs("commands")] == [[2.0], [0.0]]
    assert context.health.values["refused"] == 1


def test_a_safe_command_does_not_wait_for_a_full_graph(drive):
    async def script(context):
        taken, put = asyncio.Event(), context.put

        async def full(port, value, timeout=None):
            await put(port, value, timeout)
            await taken.wait()

        context.put = full
        context.feed("action", torch.tensor([[3.0]]), torch.tensor([[4.0]]))
        await context.sends(2)
        taken.set()
        await context.sends(3)

    context = drive(JointCommandsNode({"timeout": 0.02}), script, linked=["action"])
    assert [values.tolist() for values in context.outputs("commands")][:2] == [[3.0], [0.0]]


@pytest.mark.parametrize("node_type, values, expected", [
    (JointObservationsNode, {"joints": "a,,b"}, "widget 'joints': expected names"),
    (JointObservationsNode, {"joints": ""}, "widget 'joints': expected names"),
    (JointObservationsNode, {"quantities": "position,torque"}, "some of position, velocity"),
    (JointCommandsNode, {"joints": "a, a"}, "each once, none empty"),
    (JointCommandsNode, {"joints": ""}, "each once, none empty")])
def test_lists_that_are_wrong(node_type, values, expected):
    problem, = node_type.validate_parameters(node_type(values).values)
    assert expected in problem


@pytest.mark.parametrize("type", [SimHandle(), AnyValue()], ids=str)
def test_an_external_input_needs_a_message(type):
    with pytest.raises(TypeError, match="cannot be external"):
        Input(type, external=True)
