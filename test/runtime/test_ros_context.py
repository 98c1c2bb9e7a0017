"""Where rcl would write its log files, and that a run starts where it cannot."""

import json
import subprocess
import sys

import pytest

from dnne_ros.runtime.ros_context import why_no_log_files


@pytest.mark.parametrize("given, place", [
    ({"HOME": "{0}"}, ".ros/log"), ({"HOME": "{0}", "ROS_HOME": "~/r"}, "r/log"),
    ({"HOME": "/proc/x", "ROS_HOME": "{0}/r"}, "r/log"),
    ({"HOME": "/proc/x", "ROS_LOG_DIR": "{0}/l", "ROS_HOME": "/proc/x"}, "l"),
    ({"ROS_LOG_DIR": "{0}/l"}, "l"), ({"HOME": "{0}", "ROS_LOG_DIR": ""}, ".ros/log")])
def test_a_place_for_log_files_is_made(tmp_path, given, place):
    assert why_no_log_files({key: text.format(tmp_path) for key, text in given.items()}) == ""
    assert (tmp_path / place).is_dir()


@pytest.mark.parametrize("given, reason", [
    ({}, "HOME is not set"), ({"HOME": ""}, "HOME is not set"),
    ({"ROS_LOG_DIR": "~/l"}, "HOME is not set"),
    ({"HOME": "/proc/x"}, "/proc/x/.ros/log: No such file or directory"),
    ({"HOME": "/dev/null"}, "/dev/null/.ros/log: Not a directory")])
def test_why_there_is_none(given, reason):
    assert why_no_log_files(given) == reason


@pytest.mark.parametrize("home", ["", "/proc/x"])
@pytest.mark.parametrize("place", ["fused", "split"])
def test_a_run_and_its_watcher_need_no_home(start_command, cartpole, tmp_path, home, place):
    run = start_command("dnne_ros", "run", cartpole, "--set", "1.num_envs=4", "--max-updates", "1",
                        "--quiet", "--place", place, folder=tmp_path, environment={"HOME": home})
    assert run.wait() == 0, run.output
    assert run.output.count("ROS writes no log files") == 1
    top = start_command("dnne_ros", "top", "--once", "--timeout", "0.1s", folder=tmp_path,
                        environment={"HOME": home})
    assert top.wait() == 1 and "no word of any graph" in top.output


_ROBOT = """
import json, sys
from dnne_ros.cli.main import build_parser
build_parser(["run"])
from dnne_ros.hosting import hosting
from dnne_ros.runtime.process import start_ros
import rclpy
from std_msgs.msg import Float64MultiArray
context = start_ros([])
node = rclpy.create_node("robot", context=context)
node.create_publisher(Float64MultiArray, "commands", 1)
loaded = list(sys.modules)
import rosidl_generator_py.generate_py_impl
rclpy.shutdown(context=context)
print(json.dumps(loaded))
"""


def test_a_process_is_without_what_a_robot_does_not_need(repository):
    """Each is some of the 120 MB that a policy's process may have, and of its time to start."""
    done = subprocess.run([sys.executable, "-c", _ROBOT], capture_output=True, text=True,
                          cwd=repository, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "rosidl_generator_py" in loaded  # and can still be had as a whole
    assert not loaded & {"torch", "lark", "rosidl_generator_py.generate_py_impl", "numpy.random",
                         "dnne_ros.cli.bench", "dnne_ros.jobs", "dnne_ros.editor", "rich"}
