"""docs/examples/corridor_kit, installed as a package of other people is, entry points and all."""

import array
import asyncio
import os
import shutil
import subprocess
import sys

import pytest
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import LaserScan


@pytest.fixture(scope="module")
def kit(repository, tmp_path_factory):
    """Install the package beside a copy of its tests; return the folder of both."""
    folder = tmp_path_factory.mktemp("kit")
    # Building writes into the source.
    source = shutil.copytree(repository / "docs/examples/corridor_kit", folder / "source")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
         "--no-build-isolation", "--disable-pip-version-check", "--target", folder / "installed",
         source], check=True)
    for name in ("test", "config"):
        shutil.copytree(source / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def environment(kit, repository):
    """What finds the package and this dnne_ros, and no source of the package."""
    return {**os.environ, "PYTHONPATH": f"{kit / 'installed'}{os.pathsep}{repository}"}


def test_its_own_tests_pass(kit, environment):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", kit,
         "-c", os.devnull, "test"], cwd=kit, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_scans_come_from_a_robot_and_cross_processes(kit, environment, ros_loop):
    received = []
    node = ros_loop.node("robot")
    robot = node.create_publisher(
        LaserScan, "/front_scan/scan_sectors_1/scan", qos_profile_sensor_data)
    node.create_subscription(
        LaserScan, "/front_scan/scan_sectors_2/sectors", received.append, 10)
    sent = LaserScan(angle_min=-0.75, angle_increment=0.5, range_max=9.0, ranges=array.array(
        "f", [3.0, 2.0, 1.0, float("inf"), 5.0, 4.0, 6.0, 7.0]))
    run = subprocess.Popen(
        [sys.executable, "-m", "dnne_ros", "run", kit / "config/front_scan.json", "--place",
         "split", "--quiet"], cwd=kit, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)

    async def until_heard():
        while not received:
            assert run.poll() is None, run.stdout.read()
            robot.publish(sent)  # a robot goes on, whether anybody is there yet or not
            await asyncio.sleep(0.05)

    try:
        ros_loop.loop.run_until_complete(until_heard())  # it fails when the run ends
    finally:
        run.terminate()
        run.communicate()
    assert list(received[0].ranges) == [1.0, 4.0]
    assert (received[0].angle_increment, received[0].range_max) == (2.0, 9.0)
