"""A run option is added in one place, and is there in every way to give it."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import pytest

DECLARATION = '''\
    absent_after: float = _option('''
ADDED = '''\
    warp_factor: float | None = _option("how fast to go", read=float, metavar="W")
    boldly: bool = _option("go where nobody was", default="false", kind="flag")
'''


class Checkout:
    """A copy of the package with two run options more, which is run as a user does."""

    def __init__(self, folder, workflow):
        self.folder = folder
        self.workflow = str(workflow)

    def python(self, *words, path=()):
        """Run Python on the copy; returns what it printed."""
        done = subprocess.run(
            [sys.executable, *words], cwd=self.folder, text=True, capture_output=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [
                self.folder, *path, os.environ.get("PYTHONPATH", "")]))})
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, repository):
    """Return a copy of the package in which one file declares more."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(repository / "dnne_ros", folder / "dnne_ros",
                    ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(repository / "launch", folder / "launch")
    file = folder / "dnne_ros/options/run_settings.py"
    text = file.read_text(encoding="utf-8")
    assert text.count(DECLARATION) == 1
    file.write_text(text.replace(DECLARATION, ADDED + DECLARATION), encoding="utf-8")
    return Checkout(folder, repository / "config/workflows/cartpole_ppo.json")


@pytest.mark.parametrize("command", [
    ("dnne_ros", "run"), ("dnne_ros.hosting.host",)], ids=["run", "graph_host"])
def test_the_commands_take_it(checkout, command):
    shown = checkout.python("-m", *command, "--help")
    assert "--warp-factor W" in shown and "--boldly" in shown and "how fast to go" in shown


def test_child_processes_are_told_and_the_settings_have_it(checkout):
    said = checkout.python("-c", """
import argparse, json
from dnne_ros.options.run_arguments import add_run_arguments, run_settings, run_words
parser = argparse.ArgumentParser()
add_run_arguments(parser)
given = parser.parse_args(["--warp-factor", "9", "--boldly"])
child = parser.parse_args(run_words(given))
plain = parser.parse_args(run_words(parser.parse_args([])))
print(json.dumps([[run_settings(each).warp_factor, run_settings(each).boldly]
                  for each in (given, child, plain)]))
""")
    assert json.loads(said) == [[9.0, True], [9.0, True], [None, False]]


def test_the_launch_file_has_it(checkout):
    pytest.importorskip("launch_ros.actions", reason="launch comes with a ROS 2 installation")
    said = checkout.python("-c", f"""
import json
from launch.launch_description_sources import get_launch_description_from_python_launch_file
from dnne_ros.launching.arguments import ARGUMENTS
from dnne_ros.launching.request import LaunchRequest
description = get_launch_description_from_python_launch_file("launch/workflow.launch.py")
values = {{argument.name: argument.default for argument in ARGUMENTS}}
values.update(workflow={checkout.workflow!r}, warp_factor="9", boldly="true")
print(json.dumps([{{each.name: each.description for each in description.get_launch_arguments()}},
                  LaunchRequest.read(values).words]))
""")
    arguments, words = json.loads(said)
    assert arguments["warp_factor"] == "How fast to go."
    assert arguments["boldly"] == "true: go where nobody was."
    assert "--warp-factor=9.0" in words and "--boldly" in words


def test_the_launch_file_of_an_exported_package_has_it(checkout):
    checkout.python("-m", "dnne_ros", "export", checkout.workflow, "-o", "exported")
    package = checkout.folder / "exported/cartpole_ppo"
    text = (package / "launch/cartpole_ppo.launch.py").read_text(encoding="utf-8")
    assert "['--warp-factor=', LaunchConfiguration('warp_factor')]" in text
    assert "'boldly', default_value='false', choices=['true', 'false']" in text
    shown = checkout.python("-m", "cartpole_ppo.host", "--help", path=[package])
    assert "--warp-factor W" in shown and "--boldly" in shown
    if importlib.util.find_spec("launch_ros") is not None:
        checkout.python("-c", "import runpy; runpy.run_path('exported/cartpole_ppo/launch/"
                        "cartpole_ppo.launch.py')['generate_launch_description']()")
