"""Builds exported packages with colcon and runs their own tests in a clean workspace."""

import os
import sys

import pytest
from workspace import Workspace, needs_colcon

pytestmark = [pytest.mark.slow, needs_colcon]

SMALL = ("--set", "1.num_envs=32", "--set", "6.minibatch_size=256", "--set", "6.num_epochs=2")


def hide_dnne_ros(folder):
    """Return a folder that, first on the path, makes ``import dnne_ros`` fail."""
    blocker = folder / "hidden" / "dnne_ros"
    blocker.mkdir(parents=True)
    (blocker / "__init__.py").write_text(
        'raise ModuleNotFoundError("dnne_ros is not installed here", name="dnne_ros")\n')
    return blocker.parent


@pytest.mark.parametrize("workflow, options", [
    ("cartpole_ppo", SMALL),
    pytest.param("cartpole_ppo", (*SMALL, "--standalone"), marks=pytest.mark.long),
    pytest.param("cartpole_ppo", (*SMALL, "--standalone", "--place", "split"),
                 marks=pytest.mark.long),
    pytest.param("cartpole_on_robot", (), marks=pytest.mark.long),
    pytest.param("cartpole_on_robot", ("--standalone",), marks=pytest.mark.long),
], ids=["plain", "standalone", "standalone-split", "robot-plain", "robot-standalone"])
def test_builds_and_passes_its_own_test(
        export, repository, run_words, tmp_path, workflow, options):
    standalone = "--standalone" in options
    package = export(repository / "config" / "workflows" / f"{workflow}.json",
                     "--package", "my_cartpole", *options)
    python_path = [hide_dnne_ros(tmp_path)] if standalone else [repository]
    workspace = Workspace(tmp_path, python_path, run_words)
    workspace.colcon("build", "--base-paths", "src")
    executable = tmp_path / "install/my_cartpole/lib/my_cartpole/host"
    assert os.access(executable, os.X_OK)
    share = tmp_path / "install/my_cartpole/share/my_cartpole"
    assert (share / "launch/my_cartpole.launch.py").is_file()
    assert (share / "config/my_cartpole.params.yaml").is_file()
    workspace.colcon("test", "--base-paths", "src", "--return-code-on-test-failure",
                     "--event-handlers", "console_direct+")
    installed = next((tmp_path / "install").rglob("my_cartpole/graph.py"))
    workspace.environment["PYTHONPATH"] = os.pathsep.join(
        [str(installed.parents[1]), workspace.environment["PYTHONPATH"]])
    listed = workspace.run(str(executable), "--help")
    assert "my_cartpole" in listed
    loaded = workspace.run(
        sys.executable, "-c",
        "import sys, my_cartpole.graph, my_cartpole.host\n"
        "print('dnne_ros' in sys.modules)")
    assert loaded.strip() == str(not standalone)
    assert package.name == "my_cartpole"
