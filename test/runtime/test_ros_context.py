"""Where rcl would write its log files, and that a run starts where it cannot."""

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
