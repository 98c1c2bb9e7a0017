"""A robot of the desk on its topics and services."""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from drawing import can_draw
from geometry_msgs.msg import Vector3, Wrench
from std_msgs.msg import Float64MultiArray

from dnne_ros.messages import message_types
from dnne_ros.node_api.health import Level
from dnne_ros.node_api.ros_topics import TopicUse
from dnne_ros.nodes.robot.mujoco_robot import MujocoRobotNode

ARM = str(Path(__file__).parents[3] / "docs" / "examples" / "arm.xml")
ANT = str(Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets" / "ant.xml")
COMMANDS = "/effort_controller/commands"
FAST = {"real_time_factor": 0.0, "timeout": 0.0}


@pytest.fixture
def moving(drive):
    """Run an arm, or another robot, while a script does something; return the context."""
    def call(script, model=ARM, **values):
        return drive(MujocoRobotNode({"model": model, **FAST, **values}), script)
    return call


def states(context):
    return context.topics.publishers["/joint_states"].messages


async def told(context, count=1):
    """Wait for so many more joint states; return the last."""
    wanted = len(states(context)) + count
    while len(states(context)) < wanted:
        await asyncio.sleep(0)
    return states(context)[-1]


def command(context, *numbers, topic=COMMANDS):
    context.topics.deliver(Float64MultiArray(data=numbers), topic=topic)


def test_joints_are_told_as_they_are_commanded(moving):
    async def script(context):
        command(context, 0.5, 0.25)
        await told(context, 5)

    context = moving(script)
    first, *_, last = states(context)
    assert (first.name, list(first.position)) == (["shoulder", "elbow"], [0.0, 0.0])
    assert list(last.effort) == [0.5, 0.25] and last.position[0] != 0.0
    assert context.health.values["commands"] == 1


def test_the_numbers_are_those_of_mujoco(moving):
    async def script(context):
        for effort in ((1.0, 0.5), (-2.0, 0.25)):
            command(context, *effort)
            await told(context)

    import mujoco

    # Each state is answered, so that it is known when which command counts.
    found = states(moving(script, wait_for_commands="always", rate=50.0))
    model = mujoco.MjModel.from_xml_path(ARM)
    data = mujoco.MjData(model)
    for effort, state in zip(((1.0, 0.5), (-2.0, 0.25)), found[1:]):
        data.qfrc_applied[:] = effort
        mujoco.mj_step(model, data, 10)
        assert list(state.position) == pytest.approx(data.qpos.tolist(), rel=0, abs=1e-9)
        assert list(state.velocity) == pytest.approx(data.qvel.tolist(), rel=0, abs=1e-9)


def test_time_stands_still_until_a_state_is_answered(moving):
    async def script(context):
        await told(context, 3)
        assert {tuple(state.position) for state in states(context)} == {(0.0, 0.0)}
        command(context, 1.0, 0.0)
        while states(context)[-1].position[0] == 0.0:
            await asyncio.sleep(0)

    moving(script, wait_for_commands="always")


def test_it_stays_where_it_begins_until_the_first_command(moving):
    start = '{"shoulder": 0.5}'

    async def script(context):
        await told(context, 20)
        assert {tuple(state.position) for state in states(context)} == {(0.5, 0.0)}
        command(context, 0.0, 0.0)
        await told(context, 20)

    assert states(moving(script, wait_for_commands="first", start=start))[-1].position[0] < 0.5


@pytest.mark.parametrize("numbers, reason", [
    ([1.0], "expected 2 numbers, found 1"), ([1.0, np.nan], "numbers that are not finite")])
def test_a_command_that_is_no_good_is_dropped(moving, numbers, reason):
    async def script(context):
        command(context, *numbers)
        assert context.health.level is Level.WARN
        await told(context, 2)

    context = moving(script)
    assert context.health.values["refused"] == 1 and context.health.values["commands"] == 0
    assert ("warning", f"dropped a command on {COMMANDS}: {reason}") in context.log.lines


def test_commands_that_stop_make_it_safe(moving):
    async def script(context):
        command(context, 2.0, 0.0)
        while not context.health.values["safe_stops"]:
            await told(context)
        assert list(states(context)[-1].effort) == [0.0, 0.0]
        command(context, 2.0, 0.0)
        await told(context, 2)

    context = moving(script, timeout=0.1)
    assert [line for level, line in context.log.lines if "command" in line] == [
        "no command for 0.1 s: the robot is safe", "commands are back"]


def test_parameters_put_it_back_and_push_it(drive):
    node = MujocoRobotNode({"model": ARM, **FAST})

    def set_to(name, value):
        node.values[name] = value
        node.widget_changed(name)

    async def script(context):
        set_to("push", True)
        assert (await told(context, 10)).position[0] != 0.0
        set_to("paused", True)
        await asyncio.sleep(0)
        set_to("reset", True)
        set_to("paused", False)
        assert list((await told(context, 3)).position) == [0.0, 0.0]

    drive(node, script)
    assert node.push is node.reset is False


def test_others_push_it_by_a_message(moving):
    async def script(context):
        context.topics.deliver(Wrench(force=Vector3(x=20.0)), topic="~/push")
        await told(context, 10)

    context = moving(script, push_body="lower")
    assert context.health.values["pushes"] == 1
    assert states(context)[-1].position[0] != 0.0


def test_an_ant_tells_of_its_imu(moving):
    async def script(context):
        await told(context, 100)

    context = moving(script, model=ANT)
    imu = context.topics.publishers["/imu"].messages[-1]
    assert imu.header.frame_id == "torso"
    turned = imu.orientation
    assert turned.w ** 2 + turned.x ** 2 + turned.y ** 2 + turned.z ** 2 == pytest.approx(1.0)
    # It lies on its feet: what holds it up is what it feels.
    force = imu.linear_acceleration
    assert (force.x ** 2 + force.y ** 2 + force.z ** 2) ** 0.5 == pytest.approx(9.81, rel=0.2)


def test_noise_and_bias(moving):
    async def script(context):
        await told(context, 50)

    found = np.array([state.position for state in states(moving(
        script, wait_for_commands="first", noise="position:0.01", bias="position:1"))])
    assert found.std(axis=0).min() > 0.005 and found.std(axis=0).max() < 0.02
    assert 0.05 < abs(found.mean(axis=0)).max() <= 1.01


def test_simulated_time_is_that_of_the_steps(moving, monkeypatch):
    monkeypatch.setattr("dnne_ros.nodes.simulation.clock_publisher._PERIOD", 0.0)

    async def script(context):
        await told(context, 3)

    context = moving(script, rate=50.0)
    assert "/clock" not in context.topics.publishers
    assert {state.header.stamp.sec for state in states(context)} == {5}  # the context's clock


def test_its_camera_sees_it_move(moving):
    if not can_draw():
        pytest.skip("nothing can be drawn without a screen here")

    async def script(context):
        def pictures():
            return context.topics.publishers["~/image_raw"].messages

        while not pictures():
            await asyncio.sleep(0.002)
        context.topics.deliver(Wrench(force=Vector3(x=20.0)), topic="~/push")
        while bytes(pictures()[-1])[-64 * 48 * 3:] == bytes(pictures()[0])[-64 * 48 * 3:]:
            await asyncio.sleep(0.002)

    context = moving(script, model=ANT, camera="64x48@100", view="track", real_time_factor=1.0)
    assert len(set(bytes(context.topics.publishers["~/image_raw"].messages[0]))) > 10


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Write packages of messages that the wheels do not bring, as far as Python looks at them."""
    written = []

    def write(package, kind, source):
        (tmp_path / package / kind).mkdir(parents=True)
        (tmp_path / package / "__init__.py").touch()
        (tmp_path / package / f"{package}_s__rosidl_typesupport_none.so").touch()
        (tmp_path / package / kind / "__init__.py").write_text(source)
        written.append(package)

    monkeypatch.syspath_prepend(tmp_path)
    yield write
    message_types._interface.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] in written]:
        del sys.modules[name]


@pytest.fixture
def std_srvs(stand_in):
    """Have the services."""
    stand_in("std_srvs", "srv", """
from types import SimpleNamespace
class Trigger:
    Request = Response = SimpleNamespace
SetBool = Trigger
""")


def test_a_trajectory_is_followed_whatever_the_order_of_its_joints(moving, stand_in):
    stand_in("trajectory_msgs", "msg", "class JointTrajectory: pass")

    def trajectory(*names, times=(0, 200_000_000)):
        points = [SimpleNamespace(positions=[-0.2, 0.4], time_from_start=SimpleNamespace(
            sec=1, nanosec=nanosec)) for nanosec in times]
        return SimpleNamespace(joint_names=list(names), points=points)

    async def script(context):
        for wrong in (trajectory("elbow"), trajectory("elbow", "shoulder", times=(1, 0)),
                      trajectory("elbow", "shoulder", times=())):
            context.topics.deliver(wrong, topic=topic)
        assert context.health.values["refused"] == 3
        context.topics.deliver(trajectory("elbow", "shoulder"), topic=topic)
        await told(context, 150)

    topic = "/joint_trajectory_controller/joint_trajectory"
    context = moving(script, control_type="position", kp="300", kd="2")
    assert list(states(context)[-1].position) == pytest.approx([0.4, -0.2], abs=0.03)
    assert context.health.values["commands"] == 1


def test_odometry_and_transforms_where_their_types_are(moving, stand_in):
    stand_in("tf2_msgs", "msg", "class TFMessage: pass")
    stand_in("nav_msgs", "msg", """
from geometry_msgs.msg import PoseWithCovariance, TwistWithCovariance
from std_msgs.msg import Header
class Odometry:
    def __init__(self):
        self.header, self.child_frame_id = Header(), ""
        self.pose, self.twist = PoseWithCovariance(), TwistWithCovariance()
""")

    async def script(context):
        await told(context, 3)

    context = moving(script, model=ANT)
    odometry = context.topics.publishers["/odom"].messages[0]
    assert (odometry.header.frame_id, odometry.child_frame_id) == ("odom", "torso")
    assert odometry.pose.pose.position.z == 0.75  # as the model says
    parent, child, where, _ = context.frames.broadcasts[0]
    assert (parent, child, where.position.tolist()) == ("odom", "torso", [0.0, 0.0, 0.75])
    assert not any("/odom" in line for _, line in context.log.lines)


def test_services_put_it_back_pause_and_push_it(moving, std_srvs):
    async def script(context):
        def ask(name, **fields):
            return context.services.request(SimpleNamespace(**fields), service=name)

        ask("~/push")
        await told(context, 10)
        assert states(context)[-1].position[0] != 0.0
        ask("~/pause", data=True)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        count = len(states(context))
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(states(context)) == count
        answers.extend(ask("~/reset") + ask("~/pause", data=False))
        await told(context, 5)
        assert list(states(context)[-1].position) == [0.0, 0.0]

    answers = []
    context = moving(script)
    assert [response.success for responses in answers for response in responses] == [True, True]
    assert context.health.values["resets"] == 1 and context.health.values["pushes"] == 1


def test_it_says_what_it_uses():
    values = MujocoRobotNode({"model": ANT}).values
    uses = MujocoRobotNode.ros_topics(values)
    assert TopicUse("/imu", "sensor_msgs/msg/Imu", True) in uses
    assert TopicUse(COMMANDS, "std_msgs/msg/Float64MultiArray") in uses
    assert TopicUse("/clock", "rosgraph_msgs/msg/Clock", True, under_sim_time=True) in uses


@pytest.mark.parametrize("values, expected", [
    ({"joint_names": "wrist"}, "widget 'joint_names': expected joints of shoulder, elbow, found"),
    ({"control_type": "actuators"}, "widget 'control_type': the model has no actuators"),
    ({"control_type": "velocity"}, "widget 'kd': expected a gain with control_type=velocity"),
    ({"safe": "hold"}, "widget 'safe': hold needs kp, which is empty"),
    ({"kp": '{"shoulder": 1}'}, "widget 'kp': expected a gain for each of joint_names: none for"),
    ({"max_effort": "-1"}, "widget 'max_effort': expected a limit from 0, or one for each"),
    ({"max_speed": '{"shoulder": 1, "elbow": 0}'}, "widget 'max_speed': expected limits above 0"),
    ({"kp": 400 * "9"}, "widget 'kp': expected a gain from 0, or one for each joint"),
    ({"assets": "/not/there"}, "widget 'assets': expected a folder, found '/not/there'"),
    ({"start": '{"shoulder": ' + 400 * "9" + "}"}, "widget 'start': expected the name of a"),
    ({"start": '{"shoulder": "up"}'}, "widget 'start': expected the name of a keyframe, or"),
    ({"start": "home"}, "widget 'start': expected a keyframe (it has none)"),
    ({"push_wrench": "1,2"}, "widget 'push_wrench': expected a force"),
    ({"push_body": "head"}, "widget 'push_body': expected one of upper, lower, found 'head'"),
    ({"bias": "position:-1"}, "widget 'bias': expected entries such as position:0.001"),
    ({"commands": "no topic"}, "widget 'commands': expected a ROS name"),
    ({"camera": "big"}, "widget 'camera': expected <width>x<height>@<rate>"),
    ({"view": "front"}, "widget 'view': expected one of the model's cameras (it has none)"),
    ({"rate": 501.0}, "widget 'rate': expected at most 500 Hz"),
    ({"floating": True, "model": ANT}, "widget 'floating': expected one root body")])
def test_what_does_not_fit_the_robot_is_said(values, expected):
    found = MujocoRobotNode.validate_parameters(
        MujocoRobotNode({"model": ARM, **values}).values)
    assert len(found) == 1 and expected in found[0]
