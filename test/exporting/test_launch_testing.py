"""The example of a test with launch_testing that an exported package has, run as colcon would."""

import os
import sys
from importlib.util import find_spec

import pytest
from python_path import python_path

PYTEST = ("pytest", "-q", "-rs", "-p", "no:cacheprovider", "-p", "no:launch_testing", "-p",
          "no:launch_ros")
"""Without its plugins, which are for the pytest of a ROS distribution."""


@pytest.fixture
def tested(export, repository, run_words, tmp_path):
    """Export a package, put it where ROS finds it, and run the example; returns what it says."""
    def test(*runner, installed=True):
        package = export(repository / "docs/examples/scan_points.json", "--place", "split")
        prefix = tmp_path / "install"
        marker = prefix / "share/ament_index/resource_index/packages" / package.name
        host = prefix / "lib" / package.name / "host"
        for file in (marker, host, prefix / "share" / package.name / "x"):
            file.parent.mkdir(parents=True)
        if installed:
            marker.touch()
        for folder in ("launch", "config"):
            (prefix / "share" / package.name / folder).symlink_to(package / folder)
        host.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m {package.host} \"$@\"\n")
        host.chmod(0o755)
        return run_words(
            sys.executable, "-m", *runner, str(package / "test/test_launch.py"),
            folder=package.folder,
            environment={
                "AMENT_PREFIX_PATH": os.pathsep.join(
                    filter(None, [str(prefix), os.environ.get("AMENT_PREFIX_PATH")])),
                "PYTHONPATH": python_path(os.pathsep.join([str(package.folder),
                                                           str(repository)])),
                "ROS_LOG_DIR": str(tmp_path / "log")})
    return test


def test_it_is_skipped_where_launch_testing_or_the_built_package_is_missing(tested):
    done = tested(*PYTEST, installed=False)
    missing = "build and source the package first" if find_spec("launch_testing") \
        else "launch_testing comes with a ROS 2 installation"
    assert missing in done.output and "1 skipped" in done.output, done.output


@pytest.mark.slow
def test_the_launch_file_runs_the_graph_and_it_ends_well(tested):
    pytest.importorskip("launch_testing", reason="launch_testing comes with a ROS 2 installation")
    done = tested("launch_testing.launch_test")
    assert done.returncode == 0, done.said()
    assert done.said().count("Ran 1 test") == 2, done.said()
