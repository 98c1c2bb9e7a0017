"""A package whose graph is placed on several hosts: each starts its own processes."""

import json
import os
import secrets
import sys

import pytest
from commands import Command
from domains import users_environment

from dnne_ros.bench.virtual_hosts import virtual_hosts, why_no_virtual_hosts

AMENT_IGNORES = "D100,D101,D102,D103,D104,D105,D106,D107,D203,D212,D404"


@pytest.fixture
def package(export, cartpole, tmp_path):
    """Export Cartpole with its simulator on one host and the rest on another."""
    place = tmp_path / "place.json"
    place.write_text(json.dumps({"processes": {"sim": [1, 4]},
                                 "hosts": {"robot": ["sim"], "desk": [2, 3, 5, 6, 7]}}))
    return export(cartpole, "--place", str(place), "--standalone")


def test_it_names_its_hosts_and_is_clean(package, run_words):
    for words in (("flake8", "--isolated", "--max-line-length", 99, "--extend-ignore",
                   "A,B,C,D,I,Q"), ("pydocstyle", "--ignore", AMENT_IGNORES)):
        pytest.importorskip(words[0])
        files = [package / "launch/NAME.launch.py", package / "NAME/graph.py",
                 package / "NAME/host.py"]
        done = run_words(sys.executable, "-m", *words, *files)
        assert done.returncode == 0, done.said()
    launch = (package / "launch/NAME.launch.py").read_text()
    assert "choices=['', 'robot', 'desk']" in launch
    assert launch.count("condition=runs_on('robot')") == 1
    assert launch.count("condition=runs_on('desk')") == 1
    for option in ("host", "wait", "key_file", "peers"):
        assert f"LaunchConfiguration('{option}')" in launch
    assert "HOSTS = {\n    'robot': (\n        'sim',\n    )," in (
        package / "NAME/graph.py").read_text()


@pytest.mark.parametrize(("host", "started"), [
    ("robot", ["sim"]), ("desk", ["desk"]), ("", ["sim", "desk"])])
def test_its_launch_file_starts_the_processes_of_one_host(package, host, started):
    pytest.importorskip("launch_ros.actions", reason="launch comes with a ROS 2 installation")
    from launch import LaunchContext
    from launch.actions import GroupAction
    from launch.launch_description_sources import get_launch_description_from_python_launch_file
    from launch_ros.actions import Node

    description = get_launch_description_from_python_launch_file(
        str(package / "launch/NAME.launch.py"))
    context = LaunchContext()
    context.launch_configurations["host"] = host
    group, = (entity for entity in description.entities if isinstance(entity, GroupAction))
    nodes = [entity for entity in group.get_sub_entities() if isinstance(entity, Node)
             and entity.condition.evaluate(context)]
    names = [node.process_description.name[0].text for node in nodes]
    assert names == started


def test_a_package_of_one_host_knows_of_no_others(export, cartpole):
    package = export(cartpole)
    launch = (package / "launch/NAME.launch.py").read_text()
    assert "key_file" not in launch and "runs_on" not in launch and "environ.get" not in launch
    assert "HOSTS = {}" in (package / "NAME/graph.py").read_text()


@pytest.mark.skipif(bool(why_no_virtual_hosts()), reason=why_no_virtual_hosts())
def test_its_hosts_meet_and_run_the_graph(package, tmp_path):
    environment = {**users_environment(), "DNNE_ROS_RUN_KEY": secrets.token_hex(32),
                   "PYTHONPATH": os.pathsep.join([str(package.folder), *sys.path])}
    del environment["ROS_AUTOMATIC_DISCOVERY_RANGE"]
    runs = []
    with virtual_hosts("robot", "desk") as hosts:
        try:
            for host, process in zip(hosts, ("sim", "desk"), strict=True):
                runs.append(Command(host.words(
                    sys.executable, "-m", package.host, "--host", host.name, "--process", process,
                    "--max-updates", "3", "--run-id", host.name, *package.parameters), (),
                    tmp_path, environment))
            for run in runs:
                assert run.wait() == 0, run.output
        finally:
            for run in runs:
                run.kill()


@pytest.mark.parametrize(("old", "new", "said"), [
    ("    'robot': (\n        'sim',\n    ),\n", "", "process sim is on no host"),
    ("        'sim',\n    ),", "        'sim',\n        'desk',\n    ),",
     "process desk is on two hosts: robot and desk"),
    ("    'desk': (\n        'desk',", "    'desk': (\n        'desk',\n        'other',",
     "host desk: no process 'other'"),
])
def test_an_edited_package_that_does_not_fit_is_refused(package, run_words, old, new, said):
    text = (package / "NAME/graph.py").read_text()
    before, after = text.split("HOSTS = {", 1)
    assert old in after
    (package / "NAME/graph.py").write_text(f"{before}HOSTS = {{{after.replace(old, new)}")
    run = run_words(sys.executable, "-m", package.host, "--process", "sim", *package.parameters,
                    environment={"PYTHONPATH": os.pathsep.join([str(package.folder), *sys.path])})
    assert run.returncode == 2 and said in run.said(), run.said()
