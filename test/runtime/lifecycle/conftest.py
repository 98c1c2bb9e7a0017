"""A robot's graph as a managed node, and who manages it."""

import shutil

import pytest
from lifecycle_manager import Manager

GRAPH = "docs/examples/cartpole_onnx.json"


@pytest.fixture
def manager(ros_loop):
    return Manager(ros_loop)


@pytest.fixture
def managed(start_command, repository, tmp_path):
    """Start the robot's graph in a folder of its own, as a managed node."""
    shutil.copytree(repository / "docs/examples/cartpole_policy",
                    tmp_path / "docs/examples/cartpole_policy")
    started = []

    def start(*options):
        run = start_command("dnne_ros", "run", str(repository / GRAPH), "--lifecycle", "--quiet",
                            *options, folder=tmp_path)
        started.append(run)
        return run
    yield start
    for run in started:
        run.kill()
