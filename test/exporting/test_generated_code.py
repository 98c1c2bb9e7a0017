"""Generated code is clean, and says what the graph says."""

import importlib
import json
import os
import re
import sys

import pytest
from launch_visits import visit

from dnne_ros.cli.main import main

AMENT_IGNORES = "D100,D101,D102,D103,D104,D105,D106,D107,D203,D212,D404"


@pytest.fixture
def linter(run_words):
    """Run a linter, which must find nothing."""
    def run(module, *arguments):
        pytest.importorskip(module)
        done = run_words(sys.executable, "-m", module, *arguments)
        assert done.returncode == 0, done.said()
    return run


@pytest.mark.parametrize("options", [
    (), ("--place", "split"), ("--standalone", "--package", "a" * 60)],
    ids=["plain", "split", "standalone"])
def test_flake8_is_content(export, cartpole, options, linter):
    package = export(cartpole, *options)
    # Without the rules of other plug-ins that happen to be installed.
    linter("flake8", "--isolated", "--max-line-length", 99, "--extend-ignore", "A,B,C,D,I,Q",
           package.folder)


@pytest.mark.parametrize("options", [(), ("--standalone",)], ids=["plain", "standalone"])
def test_pep257_is_content(export, cartpole, options, linter):
    package = export(cartpole, *options)
    files = [path for path in package.folder.rglob("*.py")
             if "_dnne" not in path.parts]  # as ament_pep257, which leaves out such folders
    linter("pydocstyle", "--ignore", AMENT_IGNORES, *files)


def test_copied_modules_keep_their_docstrings_in_ament_style(export, cartpole, linter):
    package = export(cartpole, "--standalone")
    linter("pydocstyle", "--select", "D200,D201,D202,D204,D207,D208,D209,D210,D211,D213,D300",
           *package.folder.rglob("*.py"))


def test_the_exported_workflow_is_the_same_graph(export, cartpole, capsys):
    package = export(cartpole, "--set", "6.gamma=0.5", "--place", "split")
    assert main(["check", str(cartpole), "--set", "6.gamma=0.5", "--place", "split"]) == 0
    before = capsys.readouterr().out
    again = package / "graph/NAME.json"
    assert main(["check", str(again)]) == 0
    assert capsys.readouterr().out.replace(str(again), str(cartpole)) == before
    values = {node["id"]: node for node in json.loads(again.read_text())["nodes"]}
    assert 0.5 in values[6]["widgets_values"]
    second = export(again, "--package", "again")
    assert (second / "NAME/graph.py").read_text().replace("'again", "'cartpole_ppo").replace(
        "again.nodes", "cartpole_ppo.nodes").split("NODES", 1)[1] == (
        package / "NAME/graph.py").read_text().split("NODES", 1)[1]


def test_only_what_the_graph_needs_is_copied(export, cartpole):
    package = export(cartpole, "--standalone")
    copied = {str(path.relative_to(package / "NAME/_dnne"))
              for path in (package / "NAME/_dnne").rglob("*.py")}
    assert {"runtime/process.py", "nodes/rl/ppo_trainer.py", "sim/mujoco_cartpole.py"} <= copied
    assert (package / "NAME/_dnne/sim/assets/cartpole.urdf").is_file()
    assert not {"catalogue/catalogue.py", "graph/building.py", "workflow/reading.py", "cli/run.py",
                "exporting/package.py", "graph/drawing.py"} & copied
    code = "".join(path.read_text() for path in package.folder.rglob("*.py"))
    assert "import dnne_ros" not in code and "from dnne_ros" not in code


def test_the_package_s_test_does_not_wait_for_what_others_feed(export, repository):
    package = export(repository / "config" / "workflows" / "cartpole_through_ros.json")
    own_test = (package / "test/test_NAME.py").read_text()
    _, waited_for, fed = re.split("^(?:FED_)?TOPICS = ", own_test, flags=re.MULTILINE)
    assert "'ros_subscriber_10/tensor',\n" in fed.partition("\n]")[0]
    assert "ros_subscriber_10" not in waited_for


@pytest.fixture
def run_host(start_command, repository, tmp_path):
    """Run a process of a package to its end."""
    def run(package, *arguments):
        done = start_command(
            package.host, *arguments, folder=tmp_path, separate=True,
            environment={"PYTHONPATH": f"{package.folder}{os.pathsep}{repository}"})
        done.wait()
        return done
    return run


def test_a_package_edited_into_nonsense_says_so(export, cartpole, run_host):
    package = export(cartpole)
    package.edit("NAME/graph.py", "'or_2/output'", "'or_2/nonsense'")
    package.edit("NAME/nodes/ppo_trainer_6.py", "'gamma': 0.99", "'gamma': 'high'")
    done = run_host(package)
    assert done.returncode == 2
    assert "no output 'or_2/nonsense'" in done.errors
    assert "ppo_trainer_6, value 'gamma'" in done.errors
    assert "Traceback" not in done.errors


def test_a_parameter_file_that_does_not_fit(export, cartpole, run_host):
    package = export(cartpole)
    package.edit("config/NAME.params.yaml", "gamma: 0.99", "gamma: high")
    package.edit("config/NAME.params.yaml", "/**/ppo_agent_3:", "/**/ppo_agent_4:")
    done = run_host(package, *package.parameters)
    assert done.returncode == 2
    assert "ppo_agent_4" in done.errors and "gamma" in done.errors
    assert "Traceback" not in done.errors


def test_a_parameter_of_another_node_is_a_warning(export, cartpole, run_host):
    package = export(cartpole)
    package.edit("config/NAME.params.yaml", "/**/ppo_agent_3:", "/**/ppo_agent_4:")
    done = run_host(package, "--max-updates", "1", *package.parameters)
    assert done.returncode == 0, done.errors
    assert "warning: " in done.errors and "no node /**/ppo_agent_4" in done.errors


def test_the_launch_file_describes_each_process(export, cartpole, monkeypatch):
    launch = pytest.importorskip("launch")
    pytest.importorskip("launch_ros")
    package = export(cartpole, "--place", "split")
    spec = importlib.util.spec_from_file_location(
        "generated_launch", package / "launch/NAME.launch.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    description = module.generate_launch_description()
    assert {"namespace", "params_file", "seed", "inference", "until_return",
            "save_checkpoint_dir", "load_checkpoint_dir", "peer_timeout", "absent_after",
            "use_sim_time", "log_level", "lifecycle"} <= {
                each.name for each in description.entities
                if isinstance(each, launch.actions.DeclareLaunchArgument)}


@pytest.mark.parametrize(("asked", "said"), [
    ({}, []), ({"use_sim_time": "true"}, ["use_sim_time:=True"])])
def test_a_launch_file_around_it_sets_parameters(
        export, cartpole, tmp_path, monkeypatch, asked, said):
    launch = pytest.importorskip("launch")
    launch_ros = pytest.importorskip("launch_ros")
    from launch.launch_description_sources import PythonLaunchDescriptionSource

    package = export(cartpole, "--place", "split")
    values = tmp_path / "values.yaml"
    values.touch()
    for file in (f"share/ament_index/resource_index/packages/{package.name}",
                 f"lib/{package.name}/host"):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch(mode=0o755)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))

    def simulated(*before, **arguments):
        included = launch.actions.IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(package / "launch/NAME.launch.py")),
            launch_arguments={"params_file": str(values), **arguments}.items())
        nodes = visit(launch.actions.GroupAction([*before, included]), launch.LaunchContext())
        assert len(nodes) == 6
        texts = [[getattr(part, "text", "") for word in node.cmd for part in word]
                 for node in nodes]
        # No other file that would say false behind what is set.
        assert {each.count("--params-file") for each in texts} == {1}
        return {tuple(text for text in each if text.startswith("use_sim_time"))
                for each in texts}

    assert simulated(**asked) == {tuple(said)}
    around = launch_ros.actions.SetParameter("use_sim_time", True)
    assert simulated(around, **asked) == {("use_sim_time:=True", *said)}


def test_the_shared_workflow(export, repository):
    workflow = repository.parent / "shared" / "workflows" / "Cartpole_PPO.json"
    if not workflow.is_file():
        pytest.skip("the reference workflow is not here")
    assert (export(workflow, "--standalone") / "NAME/graph.py").is_file()
