"""A model file as a robot at the desk, in processes of its own, as a user and a policy meet it."""

import math
from pathlib import Path
from xml.etree import ElementTree

import gymnasium
import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray, String

ANT = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets" / "ant.xml"
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@pytest.fixture
def simulate(start_command, tmp_path):
    """Start `dnne-ros simulate`; what is left at the end is killed."""
    started = []

    def start(*words):
        started.append(start_command("dnne_ros", "simulate", *words, folder=tmp_path))
        return started[-1]

    yield start
    for robot in started:
        robot.kill()


@pytest.fixture
def arm(repository):
    return repository / "docs" / "examples" / "arm.xml"


def test_an_arm_goes_where_it_is_told(ros_loop, simulate, arm):
    robot = simulate(arm, "--quiet", "--set", "control_type=position", "--set", "kp=400",
                     "--set", "kd=2", "--set", "wait_for_commands=always")
    node = ros_loop.node("commander")
    commands = node.create_publisher(Float64MultiArray, "/position_controller/commands", 10)
    states = []

    def answer(state):
        states.append(dict(zip(state.name, state.position)))
        commands.publish(Float64MultiArray(data=[0.5, -0.25]))

    node.create_subscription(JointState, "/joint_states", answer, 10)

    def is_there():
        return states and all(math.isclose(states[-1][joint], wanted, abs_tol=0.02)
                              for joint, wanted in (("shoulder", 0.5), ("elbow", -0.25)))

    ros_loop.run(ros_loop.until(is_there), robot)
    robot.interrupt()
    assert robot.wait() == 130, robot.output
    assert "Traceback" not in robot.output


@pytest.mark.slow
def test_an_ant_is_driven_and_shown(ros_loop, simulate):
    robot = simulate(ANT, "--quiet", "--set", "control_type=actuators", "--set",
                     "wait_for_commands=always", "--ros-args", "-p", "use_sim_time:=true")
    node = ros_loop.node("commander")
    commands = node.create_publisher(Float64MultiArray, "/ant/mujoco_robot_1/actuators", 10)
    heard = {topic: [] for topic in ("/joint_states", "/imu", "/robot_description", "/clock")}

    def answer(state):
        heard["/joint_states"].append(state)
        commands.publish(Float64MultiArray(data=[0.5] * 8))

    node.create_subscription(JointState, "/joint_states", answer, 10)
    for topic, message_type, qos in (("/imu", Imu, 10), ("/clock", Clock, 10),
                                     ("/robot_description", String, LATCHED)):
        node.create_subscription(message_type, topic, heard[topic].append, qos)
    ros_loop.run(ros_loop.until(lambda: len(heard["/joint_states"]) > 30
                                and all(heard.values())), robot)
    robot.interrupt()
    assert robot.wait() == 130, robot.output
    shown = {joint.get("name") for joint in ElementTree.fromstring(
        heard["/robot_description"][0].data).iter("joint") if joint.get("type") != "fixed"}
    assert shown == set(heard["/joint_states"][0].name) and len(shown) == 8
    assert heard["/joint_states"][-1].effort[0] == 75.0  # half of what the motors can
    assert heard["/imu"][0].header.frame_id == "torso"


@pytest.fixture
def cartpole_robot(simulate, repository):
    """Start a cartpole whose time stands still until a policy has answered what it tells."""
    def start(*words):
        return simulate(
            repository / "dnne_ros" / "sim" / "assets" / "cartpole.urdf", "--quiet",
            "--set", "joint_names=slider_to_cart", "--set", 'start={"cart_to_pole": 0.1}',
            "--set", f"timestep={1 / 120!r}", "--set", "rate=60",
            "--set", "wait_for_commands=always", *words)
    return start


def balances(ros_loop, *commands, states=300):
    """Watch a cartpole for so many of its states; tell whether its pole stays up."""
    angles = {}

    def note(state):
        position = dict(zip(state.name, state.position))
        angles[state.position[0], state.position[1]] = abs(position["cart_to_pole"])

    ros_loop.node("watcher").create_subscription(JointState, "/joint_states", note, 100)
    ros_loop.run(ros_loop.until(lambda: len(angles) >= states), *commands)
    return max(angles.values()) < 0.3


ON_ROBOT = ("-r", "joint_observations_8/joint_states:=/joint_states",
            "-r", "joint_commands_9/commands:=/effort_controller/commands")


def test_the_robot_workflow_balances_it(
        ros_loop, start_run, cartpole_robot, trained, repository):
    run = start_run(
        repository / "config" / "workflows" / "cartpole_on_robot.json", "--inference", "--quiet",
        "--load-checkpoint-dir", trained, "--ros-args", *ON_ROBOT)
    robot = cartpole_robot()
    assert balances(ros_loop, run, robot)
    for each in (run, robot):
        each.interrupt()
        assert each.wait() == 130, each.output


@pytest.mark.long
def test_so_does_its_export(
        ros_loop, command, start_command, cartpole_robot, trained, repository, tmp_path):
    done = command("export", repository / "config" / "workflows" / "cartpole_on_robot.json",
                   "-o", tmp_path, "--standalone")
    assert done.returncode == 0, done.stderr
    package = tmp_path / "cartpole_on_robot"
    host = start_command(
        "cartpole_on_robot.host", "--inference", "--load-checkpoint-dir", trained, "--ros-args",
        "--params-file", package / "config" / "cartpole_on_robot.params.yaml", *ON_ROBOT,
        folder=tmp_path, cold=True, environment={"PYTHONPATH": package})
    try:
        assert balances(ros_loop, host, cartpole_robot())
        host.interrupt()
        assert host.wait() == 0, host.output
    finally:
        host.kill()


@pytest.mark.parametrize("text, words", [
    ("<mujoco><worldbody>\n<geom size='1' colour='red'/></worldbody></mujoco>",
     "XML Error: Schema violation: unrecognized attribute: 'colour' Element 'geom', line 2"),
    ("<mujoco>\n<worldbody><body name='b'><joint/></body></worldbody></mujoco>",
     "mass and inertia of moving bodies must be larger than mjMINVAL Element name 'b', id 1, "
     "line 2"),
    ("<mujoco><asset><mesh name='m' file='../m.stl'/></asset></mujoco>",
     "expected files in {folder}, found '../m.stl' in robot.xml")])
def test_a_model_that_is_refused_is_so_in_mujocos_words(command, tmp_path, text, words):
    file = tmp_path / "robot.xml"
    file.write_text(text)
    done = command("simulate", file)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert f"{file}: " in done.stderr
    assert words.format(folder=tmp_path) in done.stderr


def test_all_that_is_wrong_is_said_at_once(command, arm):
    done = command("simulate", arm, "--set", "control_type=position", "--set", "rate=1000",
                   "--set", "noise=speed:1", "--set", "gain=2")
    assert done.returncode == 2 and "simulate: 4 problems" in done.stderr
    for expected in ("no such widget", "widget 'rate': expected at most 500 Hz",
                     "widget 'noise': expected entries such as position:0.001",
                     "widget 'kp': expected a gain with control_type=position"):
        assert expected in done.stderr
