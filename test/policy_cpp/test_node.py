"""The generated node against a robot, built where ROS 2's C++ libraries are installed."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from dnne_ros.durable_files import write_tree
from dnne_ros.policies.loading import load_policy
from dnne_ros.policy_cpp.package import cpp_package

NAMES = ("slider_to_cart", "cart_to_pole")
NEEDED = ("ament_cmake", "rclcpp", "sensor_msgs", "std_msgs", "diagnostic_msgs")


def prefixes():
    """Return the prefixes of ROS 2 installations that are sourced."""
    return [Path(prefix) for name in ("AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH")
            for prefix in os.environ.get(name, "").split(os.pathsep) if prefix]


@pytest.fixture(scope="session")
def policy_node(shared_folder, repository):
    """Build the package of Cartpole's policy; returns its node's path."""
    missing = [name for name in NEEDED
               if not any((prefix / "share" / name / "cmake").is_dir() for prefix in prefixes())]
    if missing or shutil.which("cmake") is None:
        pytest.skip(f"no node is built: {', '.join(missing) or 'cmake'} is not here")

    def build(folder):
        bundle = repository / "docs/examples/cartpole_policy"
        write_tree(folder / "package", cpp_package(bundle, "my_policy").files)
        for words in (["cmake", "-B", "build", "-DBUILD_TESTING=OFF"],
                      ["cmake", "--build", "build"]):
            done = subprocess.run(words, cwd=folder / "package", capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
    return shared_folder("policy_node", build) / "package/build/policy_node"


@pytest.fixture
def start_node(start_command, policy_node, tmp_path):
    """Start the node with some parameters and remappings; it is killed at the end."""
    started = []

    def start(**parameters):
        words = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
        started.append(start_command(
            [policy_node, "--ros-args", "-r", "joint_states:=/joint_states", "-r",
             "commands:=/effort_controller/commands", *words], folder=tmp_path, cold=True))
        return started[-1]

    yield start
    for node in started:
        node.kill()


def test_an_unplugged_robot_is_made_safe_and_faded_in_again(start_node, start_plant):
    plant = start_plant(2, "unplug")
    node = start_node()
    node.until(lambda: plant.returncode is not None, "the plant's end", [plant])
    node.interrupt()
    assert node.wait() == 0, node.output
    assert plant.returncode == 0, plant.said() + node.output
    result = json.loads(plant.output)
    assert set(map(tuple, result["while_safe"])) == {(0.0,)}  # nothing but the safe command
    assert result["angle"] < 0.3, result  # it balances again
    assert result["last_command"] == [0.0]
    assert "safe: no joint states in time" in node.output and "actions count" in node.output
    assert "dropped joint states" in node.output


@pytest.mark.parametrize("end", ["interrupt", "terminate"])
def test_commands_are_those_of_python_and_the_last_one_is_safe(
        start_node, ros_loop, repository, end):
    from sensor_msgs.msg import JointState
    from std_msgs.msg import Float64MultiArray

    policy = load_policy(repository / "docs/examples/cartpole_policy", "cpu", strict=True,
                         warn=print).policy
    robot, commands = ros_loop.node("robot"), []
    states = robot.create_publisher(JointState, "/joint_states", 10)
    robot.create_subscription(Float64MultiArray, "/effort_controller/commands",
                              lambda message: commands.append(message.data[0]), 10)
    node = start_node(timeout=60.0, fade_seconds=0.0, rate=10_000.0)
    ros_loop.run(ros_loop.until(states.get_subscription_count), node)
    for position, velocity in np.random.default_rng(3).normal(0.0, 0.1, (20, 2, 2)):
        row = np.array([[position[0], velocity[0], position[1], velocity[1]]], np.float32)
        wanted = float(policy(row)[0, 0])
        message = JointState(name=[NAMES[1], "gripper", NAMES[0]])
        message.position = [position[1], 1e3, position[0]]
        message.velocity = [velocity[1], float("nan"), velocity[0]]

        def has_come(message=message, wanted=wanted):
            states.publish(message)
            return any(abs(command - wanted) <= 1e-4 for command in commands)

        ros_loop.run(ros_loop.until(has_come), node)
    getattr(node, end)()
    ros_loop.run(ros_loop.until(lambda: commands[-1] == 0.0))
    assert node.wait() == 0, node.output


def test_a_parameter_that_cannot_be_is_named(start_node):
    node = start_node(least_command="[11.0]")
    assert node.wait() == 2
    assert "policy_node: parameter least_command: 11.0" in node.output
    assert "is above greatest_command" in node.output
