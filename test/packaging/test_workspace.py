"""The package builds and tests itself in a colcon workspace."""

import os
import shutil
import xml.etree.ElementTree as ElementTree

import pytest
from workspace import Workspace, needs_colcon

pytestmark = [pytest.mark.slow, needs_colcon]


@pytest.fixture
def workspace(tmp_path, source_distribution, run_words):
    """Return a workspace in which the source distribution has been built."""
    shutil.copytree(source_distribution, tmp_path / "src" / "dnne_ros")
    built = Workspace(tmp_path, [], run_words)
    built.colcon("build", "--base-paths", "src")
    return built


def test_colcon_builds_it_and_runs_its_tests(workspace):
    installed = workspace.folder / "install" / "dnne_ros"
    for name in ("dnne-ros", "graph_host"):
        assert os.access(installed / "lib" / "dnne_ros" / name, os.X_OK)
    share = installed / "share" / "dnne_ros"
    assert (share / "launch" / "workflow.launch.py").is_file()
    assert (share / "config" / "workflows" / "cartpole_ppo.json").is_file()
    assert (installed / "share/ament_index/resource_index/packages/dnne_ros").is_file()
    package = next(installed.rglob("dnne_ros/__init__.py")).parent
    assert (package / "py.typed").is_file()
    workspace.environment["PYTHONPATH"] = str(package.parent)
    assert "usage" in workspace.run(installed / "lib" / "dnne_ros" / "dnne-ros", "--help")

    workspace.colcon("test", "--base-paths", "src", "--return-code-on-test-failure",
                     "--event-handlers", "console_direct+",
                     "--pytest-args", "test/test_errors.py", "test/launching/test_executables.py")
    results = ElementTree.parse(workspace.folder / "build/dnne_ros/pytest.xml").getroot()
    suite = next(results.iter("testsuite"))
    assert int(suite.get("tests")) > 2
    assert {suite.get(bad) for bad in ("errors", "failures", "skipped")} == {"0"}
