"""A graph in a launch file as robots' stacks have them: composed, set, remapped, respawned."""

import asyncio
import sys

import psutil
import pytest

pytest.importorskip("ros2launch", reason="ros2launch comes with a ROS 2 installation")

import yaml
from commands import Command
from rclpy.parameter_client import AsyncParameterClient
from sensor_msgs.msg import LaserScan, PointCloud2

pytestmark = pytest.mark.slow

ROS2 = [sys.executable, "-c", "import sys; from ros2cli.cli import main; sys.exit(main())"]
COMPOSED = """
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument, GroupAction, IncludeLaunchDescription, OpaqueFunction)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, PushRosNamespace, SetParameter, SetRemap


def lasers(context):
    return [GroupAction([
        PushRosNamespace(name),
        SetParameter("errors.limit", 7),
        SetRemap("/scan", "/" + name + "/laser"),
        SetRemap("/scan_points", "/" + name + "/points"),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource("LAUNCH_FILE"),
            launch_arguments={"workflow": "WORKFLOW", "place": place}.items()),
    ]) for name, place in (each.split(":") for each in
                           LaunchConfiguration("lasers").perform(context).split())]


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument("lasers", default_value="front:fused rear:split"),
        OpaqueFunction(function=lasers),
        Node(package="dnne_ros", executable="graph_host", arguments=["WORKFLOW"],
             namespace="/again/scan_points", remappings=[("/scan_points", "/again/points")],
             respawn=True, respawn_delay=0.1, output="screen"),
    ])
"""

XML = """
<launch>
  <arg name="where" default="robot1"/>
  <group>
    <push_ros_namespace namespace="$(var where)"/>
    <push_ros_namespace namespace="front"/>
    <set_parameter name="errors.limit" value="7"/>
    <set_remap from="/scan" to="/xml/laser"/>
    <set_remap from="/scan_points" to="/xml/points"/>
    <include file="LAUNCH_FILE">
      <arg name="workflow" value="WORKFLOW"/>
      <arg name="place" value="split"/>
    </include>
  </group>
</launch>
"""


DIRECT = ("--no-daemon", "--spin-time", "5")
"""How long `ros2` looks for a node: Fast DDS may take 3 s to find who has been there for long."""


@pytest.fixture
def start(launch_environment, launch_file, repository, tmp_path):
    """Start a launch file with a text."""
    runs = []

    def start(name, text):
        (tmp_path / name).write_text(text.replace("LAUNCH_FILE", str(launch_file)).replace(
            "WORKFLOW", str(repository / "docs/examples/scan_points.json")))
        runs.append(Command(ROS2, ["launch", name], tmp_path, launch_environment))
        return runs[-1]
    yield start
    for run in runs:
        run.kill()


@pytest.fixture
def ros2(run_words, launch_environment, tmp_path):
    """Run another command of ros2 to its end; returns what it prints."""
    def run(*words):
        done = run_words(*ROS2, *words, folder=tmp_path, environment=launch_environment)
        assert done.returncode == 0, done.said()
        return done.output
    return run


@pytest.fixture
def laser(ros_loop):
    """Publish scans on a topic until their points come back on another."""
    node = ros_loop.node("laser")

    async def until_seen(scan, points):
        clouds = []
        publisher = node.create_publisher(LaserScan, scan, 10)
        node.create_subscription(PointCloud2, points, clouds.append, 10)
        while not clouds:
            publisher.publish(LaserScan(ranges=[1.0], range_max=5.0))
            await asyncio.sleep(0.05)
    return until_seen


def test_a_graph_is_composed_as_any_other_node(ros_loop, laser, start, ros2, tmp_path):
    launch = start("composed.launch.py", COMPOSED)
    node = ros_loop.node("tools")
    front = "/front/scan_points/sensor_subscriber_1"

    async def limit(name):
        client = AsyncParameterClient(node, name)
        await ros_loop.until(client.services_are_ready)
        answer = client.get_parameters(["errors.limit"])
        await ros_loop.until(answer.done)
        return answer.result().values[0].integer_value

    async def composed():
        await laser("/front/laser", "/front/points")
        await laser("/rear/laser", "/rear/points")
        assert [await limit(f"/{name}/scan_points/sensor_{part}") for name in ("front", "rear")
                for part in ("subscriber_1", "publisher_2")] == [7] * 4
        await laser("/scan", "/again/points")

    async def respawned():
        processes = map(psutil.Process, launch.family()[1:])
        next(each for each in processes if "__ns:=/again/scan_points" in each.cmdline()).kill()
        await laser("/scan", "/again/points")

    ros_loop.run(composed(), launch)
    # What `ros2 param dump` writes, `ros2 param load` takes.
    dumped = tmp_path / "front.yaml"
    text = ros2("param", "dump", front, *DIRECT)
    assert yaml.safe_load(text)[front]["ros__parameters"]["errors"]["limit"] == 7
    dumped.write_text(text.replace(front, "/**", 1))  # ros2param 0.36 tells of no other ones
    assert "failed" not in ros2("param", "set", front, "timeout", "3.5", *DIRECT)
    loaded = ros2("param", "load", front, str(dumped), *DIRECT)
    assert "failed" not in loaded.lower(), loaded
    assert "0.0" in ros2("param", "get", front, "timeout", *DIRECT)
    ros_loop.run(respawned(), launch)
    launch.interrupt()
    assert launch.wait() == 0, launch.output


def test_a_launch_file_of_another_language_includes_a_graph(ros_loop, laser, start, ros2):
    launch = start("bringup.launch.xml", XML)
    ros_loop.run(laser("/xml/laser", "/xml/points"), launch)
    node = "/robot1/front/scan_points/sensor_subscriber_1"
    assert "7" in ros2("param", "get", node, "errors.limit", *DIRECT)
    launch.interrupt()
    assert launch.wait() == 0, launch.output
