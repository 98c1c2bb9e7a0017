"""Policies that the ``leapp`` package exports, held against its own runner and against torch."""

import numpy as np
import pytest
import torch
from leapp_bundles import HIDDEN, JOINTS, write_recurrent_bundle

from dnne_ros.errors import InputError
from dnne_ros.node_api.own_ports import type_with_ports
from dnne_ros.nodes.policies.leapp_policy import LeappPolicyNode
from dnne_ros.testing import drive
from dnne_ros.transport.payload import JointStates, Velocity

STEPS = 500
OFFSET = torch.tensor([[0.1, -0.2, 0.3]])
PATIENT = {"timeout": 60.0, "part_age": 60.0, "command_age": 3600.0, "rate": 10_000.0}
"""What makes a slow test no silence of a robot."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Return a bundle's YAML file, and the policy that it was made of."""
    return write_recurrent_bundle(tmp_path_factory.mktemp("leapp"))


def leapp_node(bundle, **values):
    """Return a node of a bundle."""
    values = {"bundle": str(bundle), **values}
    complete = LeappPolicyNode(values).values
    return type_with_ports(LeappPolicyNode, complete)(complete)


def observations(seed, count=STEPS):
    """Return positions, velocities and commands, float32 (1, 3) each, for some steps."""
    draws = np.random.default_rng(seed)
    return [tuple(map(torch.from_numpy, draws.standard_normal((3, 1, 3), np.float32)))
            for _ in range(count)]


def of_torch(policy, steps):
    """Return what the policy commands from its start on, float32 (1, 3) each."""
    last_action, hidden = torch.full((1, 3), 0.25), torch.full((1, HIDDEN), 0.5)
    found = []
    with torch.no_grad():
        for position, velocity, command in steps:
            last_action, hidden = policy(position, velocity, command, last_action, hidden)
            found.append(0.5 * last_action + OFFSET)
    return found


def of_tensors(node, steps, reset_after=()):
    """Return what a node with ``ports=tensors`` sends for ``steps``, by output."""
    async def script(context):
        for number, step in enumerate(steps):
            for port, value in zip(("joint_pos", "joint_vel", "velocity_command"), step,
                                   strict=True):
                context.feed(port, value)
            await context.sends(3 * (number + 1))
            if number in reset_after:
                context.feed("reset", True)
                await context.idle()

    return drive(node, script)


def worst(expected, found):
    """Return the largest difference of two lists of arrays, which are equally long."""
    return max(float(np.abs(np.asarray(one) - np.asarray(other)).max())
               for one, other in zip(expected, found, strict=True))


def test_it_acts_as_torch_and_the_runner_of_leapp_do(exported):
    from leapp import InferenceManager

    bundle, policy = exported
    steps = observations(1)
    found = of_tensors(leapp_node(bundle, ports="tensors"), steps).outputs("joint_targets")
    assert worst(of_torch(policy, steps), found) <= 1e-6
    manager = InferenceManager(str(bundle))
    theirs = [manager.run_policy({
        f"policy/{name}": value.clone() for name, value in zip(
            ("joint_pos", "joint_vel", "velocity_command"), step, strict=True)})
        ["policy/joint_targets"].detach().clone() for step in steps]
    assert worst(theirs, found) <= 1e-6


def test_a_reset_lets_it_begin_anew(exported):
    bundle, policy = exported
    steps = observations(2)
    context = of_tensors(leapp_node(bundle, ports="tensors"), steps, reset_after=(199,))
    expected = of_torch(policy, steps[:200]) + of_torch(policy, steps[200:])
    assert worst(expected, context.outputs("joint_targets")) <= 1e-6
    assert worst(of_torch(policy, steps), context.outputs("joint_targets")) > 1e-3
    assert context.health.values["resets"] == 1


def test_what_it_is_given_and_gives_is_left_alone(exported):
    bundle, _ = exported
    steps = observations(3, 3)
    before = [[value.clone() for value in step] for step in steps]
    context = of_tensors(leapp_node(bundle, ports="tensors"), steps, reset_after=(0, 1))
    assert all(torch.equal(one, other) for step, kept in zip(steps, before, strict=True)
               for one, other in zip(step, kept, strict=True))
    assert len({value.data_ptr() for value in context.outputs("joint_targets")}) == 3


def test_gains_are_those_of_training(exported):
    context = of_tensors(leapp_node(exported[0], ports="tensors"), observations(4, 1))
    assert context.outputs("kp")[0].tolist() == [[40.0, 30.0, 20.0]]
    assert context.outputs("kd")[0].tolist() == [[1.0, 0.5, 0.25]]


def joint_states(step, names=JOINTS):
    """Return the joint states of one step, in this order; other joints have made-up numbers."""
    numbers = {name: (float(step[0][0, at]), float(step[1][0, at]))
               for at, name in enumerate(JOINTS)}
    position, velocity = np.array([numbers.get(name, (9.0, -9.0)) for name in names]).T
    return JointStates(tuple(names), position, velocity, np.empty(0))


def of_messages(node, messages, count):
    """Return the context after ``messages``, pairs of port and value, and ``count`` actions."""
    async def script(context):
        for port, value in messages:
            if port == "joint_states":
                context.feed("joint_states", value)
                await context.idle()
            else:
                context.feed(port, value)
        await context.sends(4 * count)

    return drive(node, script)


@pytest.mark.parametrize("names", [
    JOINTS, ("ankle", "hip", "knee"), ("gripper", "knee", "hip", "neck", "ankle")],
    ids=["in order", "shuffled", "with others"])
def test_joints_are_known_by_their_names(exported, names):
    bundle, policy = exported
    steps = observations(5, 20)
    velocity = [Velocity(np.array([*step[2][0, :2].tolist(), 0.0]),
                         np.array([0.0, 0.0, step[2][0, 2].item()])) for step in steps]
    messages = [pair for step, wanted in zip(steps, velocity, strict=True)
                for pair in (("cmd_vel", wanted), ("joint_states", joint_states(step, names)))]
    context = of_messages(leapp_node(bundle, **PATIENT), messages, 20)
    assert worst(of_torch(policy, steps), context.outputs("joint_targets")) <= 1e-6
    commanded = context.outputs("joint_commands")[-1]
    assert commanded.names == JOINTS
    assert commanded.position.tolist() == context.outputs("joint_targets")[-1][0].tolist()
    assert not commanded.velocity.size and not commanded.effort.size


@pytest.mark.parametrize("spoilt, said", [
    (JointStates(("hip", "knee"), np.zeros(2), np.zeros(2), np.empty(0)), ""),
    (JointStates(JOINTS, np.array([0.0, np.nan, 0.0]), np.zeros(3), np.empty(0)),
     "no number for knee.position"),
    (JointStates(JOINTS, np.zeros(3), np.empty(0), np.empty(0)), "0 elements of velocity")],
    ids=["joint missing", "nan", "no velocities"])
def test_it_does_not_act_on_joint_states_that_lack_something(exported, spoilt, said):
    step, = observations(6, 1)
    context = of_messages(leapp_node(exported[0], **PATIENT), [
        ("joint_states", spoilt), ("joint_states", joint_states(step))], 1)
    assert len(context.outputs("joint_targets")) == 1
    assert any(said in line for _, line in context.log.lines) or not said, context.log.lines


def test_silence_lets_it_begin_anew(exported):
    bundle, policy = exported
    first, second = observations(7, 2)
    zero = torch.zeros(1, 3)

    async def script(context):
        context.feed("joint_states", joint_states(first))
        await context.sends(4)
        while "nothing at joint_states" not in context.health.message:
            await context.idle()
            await context.clock.sleep_until(context.clock.now_ns() + 10_000_000)
        context.feed("joint_states", joint_states(second))
        await context.sends(8)

    context = drive(leapp_node(bundle, timeout=0.2, part_age=60.0, rate=10_000.0), script)
    expected = of_torch(policy, [(*second[:2], zero)])
    assert worst(expected, context.outputs("joint_targets")[1:]) <= 1e-6
    assert context.health.values["resets"] == 1


def test_a_state_that_is_not_finite_is_not_kept(exported):
    bundle, policy = exported
    steps = observations(8, 3)
    spoilt = (torch.full((1, 3), torch.nan), *steps[1][1:])

    async def script(context):
        for number, step in enumerate((steps[0], spoilt, steps[2])):
            for port, value in zip(("joint_pos", "joint_vel", "velocity_command"), step,
                                   strict=True):
                context.feed(port, value)
            await context.sends(3 * (number + 1 - (number > 0)))
            await context.idle()

    context = drive(leapp_node(bundle, ports="tensors"), script)
    assert worst(of_torch(policy, [steps[0], steps[2]]), context.outputs("joint_targets")) <= 1e-6
    assert context.health.values["refused"] == 1


def test_without_the_ports_of_its_bundle_it_does_not_start(exported):
    node = LeappPolicyNode({"bundle": str(exported[0])})
    with pytest.raises(InputError, match="expected a value with which its inputs are reset"):
        drive(node, None)
