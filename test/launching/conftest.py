"""What the tests of the launch room share."""

import os
import sys
from pathlib import Path

import pytest
from domains import users_environment


@pytest.fixture(scope="session")
def launch_packages():
    """Skip a test where launch is missing: it comes with a ROS 2 installation only."""
    reason = "launch and launch_ros come with a ROS 2 installation, not from PyPI"
    pytest.importorskip("launch", reason=reason)
    pytest.importorskip("launch_ros.actions", reason=reason)


@pytest.fixture(scope="session")
def ament_prefix(tmp_path_factory, repository):
    """Make a prefix in which launch finds this checkout as an installed package."""
    prefix = tmp_path_factory.mktemp("prefix")
    marker = prefix / "share" / "ament_index" / "resource_index" / "packages" / "dnne_ros"
    marker.parent.mkdir(parents=True)
    marker.touch()
    (prefix / "share" / "dnne_ros").mkdir()
    (prefix / "share" / "dnne_ros" / "launch").symlink_to(repository / "launch")
    host = prefix / "lib" / "dnne_ros" / "graph_host"
    host.parent.mkdir(parents=True)
    host.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m dnne_ros.hosting.host \"$@\"\n")
    host.chmod(0o755)
    return prefix


@pytest.fixture(scope="session")
def launch_environment(ament_prefix, repository):
    """Return the environment of a process that launches this checkout."""
    def before(name, path):
        return os.pathsep.join(filter(None, [str(path), os.environ.get(name)]))

    return {**users_environment(),
            "AMENT_PREFIX_PATH": before("AMENT_PREFIX_PATH", ament_prefix),
            "PYTHONPATH": before("PYTHONPATH", repository),
            "ROS_LOG_DIR": str(ament_prefix / "log")}


@pytest.fixture
def launch_file(repository):
    """Return the package's launch file."""
    return Path(repository) / "launch" / "workflow.launch.py"
