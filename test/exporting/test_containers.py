"""What makes containers, run step by step in an empty folder: there is no builder in these tests.

The index of pip is out of reach, so what pip is asked for must be installed already; apt-get and
rosdep are stand-ins.
"""

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from commands import Command
from domains import users_environment
from python_path import python_path
from std_msgs.msg import Float64
from workspace import needs_colcon

from dnne_ros.cli.main import main

pytestmark = pytest.mark.skipif(
    not importlib.util.find_spec("pip"), reason="the steps need pip")
STAND_INS = {"apt-get": "exit 0", "rosdep": "exit 0"}
_COLCON = "from colcon_core.command import main; raise SystemExit(main())"


class Image:
    """A Containerfile's steps, made in a folder that stands for the root of the file system."""

    def __init__(self, package, name, root):
        self.root = root
        self.context = package.folder
        self.folder = root
        self.environment = {"PATH": f"{_tools(root)}:/usr/bin:/bin", "PIP_NO_INDEX": "1",
                            "PYTHONPATH": python_path(),
                            "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", "")}
        self.user, self.health, self.signal, self.words = "root", "", "", []
        text = (package / f"containers/{name}").read_text()
        text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
        for line in filter(None, text.splitlines()):
            step, _, rest = line.partition(" ")
            getattr(self, f"_{step.lower()}")(rest)

    def place(self, text):
        """Return where an absolute path of the image is here."""
        return str(self.root / text[1:]) if text.startswith("/") else text

    def start(self, *first):
        """Start what the image starts, with ``first`` before its Python path."""
        ours = {name: value for name, value in users_environment().items()
                if name.startswith("ROS_")}
        return Command(self.words, (), self.folder, {
            **self.environment, **ours, "PYTHONPATH": python_path(*first)})

    def is_healthy(self):
        """Run the health check."""
        return not subprocess.run(["/bin/sh", "-c", self.health], env=self.environment,
                                  cwd=self.folder, stderr=subprocess.DEVNULL).returncode

    def _from(self, rest):
        assert re.fullmatch(
            r"docker\.io/library/(python:3\.\d+-slim|ros:\$\{ROS_DISTRO\}-ros-base)", rest)

    def _arg(self, rest):
        name, _, value = rest.partition("=")
        self.environment[name] = value

    def _env(self, rest):
        for word in shlex.split(rest):
            name, _, value = word.partition("=")
            self.environment[name] = self.place(value)

    def _workdir(self, rest):
        self.folder = Path(self.place(rest))
        self.folder.mkdir(parents=True)

    def _copy(self, rest):
        source, target = rest.split()
        found, there = self.context / source, self.folder / target
        if found.is_dir():
            shutil.copytree(found, there, dirs_exist_ok=True)
        else:
            there.mkdir(parents=True, exist_ok=True)
            shutil.copy(found, there)

    def _run(self, rest):
        done = subprocess.run(["/bin/sh", "-c", rest.replace("/opt/ros", self.place("/opt/ros"))],
                              cwd=self.folder, env=self.environment, capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, (rest, done.stdout, done.stderr)

    def _user(self, rest):
        self.user = rest

    def _stopsignal(self, rest):
        self.signal = rest

    def _healthcheck(self, rest):
        self.health = rest.partition(" CMD ")[2]

    def _entrypoint(self, rest):
        self.words = json.loads(rest)

    def _cmd(self, rest):
        self.words += json.loads(rest)


def _tools(root):
    """Make the programs of the base image: Python with its packages, and stand-ins."""
    tools = root / "usr/local/bin"
    tools.mkdir(parents=True)
    (root / "tmp").mkdir()
    ros = root / "opt/ros/kilted"
    ros.mkdir(parents=True)
    (ros / "setup.sh").touch()
    programs = {**STAND_INS, "python3": f'exec {shlex.quote(sys.executable)} "$@"',
                "colcon": f'exec {shlex.quote(sys.executable)} -c {shlex.quote(_COLCON)} "$@"'}
    for name, body in programs.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    return tools


@pytest.fixture
def contained(export, repository, monkeypatch):
    """Export the example with a bundle, and containers of it."""
    monkeypatch.chdir(repository)
    return export(repository / "docs/examples/cartpole_onnx.json", "--standalone", "--container")


@pytest.mark.parametrize("name", ["Containerfile.slim", pytest.param(
    "Containerfile.ros", marks=(needs_colcon, pytest.mark.long))])
def test_what_an_image_starts_drives_a_robot(
        contained, name, start_plant, repository, tmp_path):
    image = Image(contained, name, tmp_path / "root")
    assert image.user.partition(":")[0].isdigit() and not image.user.startswith("0")
    assert not image.is_healthy()
    host = image.start(repository / "test/support/without_torch")
    plant = start_plant(2)
    try:
        host.until(lambda: plant.returncode is not None, "the plant's end")
        assert image.is_healthy()
        host.terminate()
        assert image.signal == "SIGTERM" and host.wait() == 0, host.output
    finally:
        host.kill()
    assert json.loads(plant.output)["angle"] < 0.3, plant.said() + host.output


def test_a_container_that_learns_saves_on_sigterm(ros_loop, export, cartpole, tmp_path):
    package = export(cartpole, "--standalone", "--container")
    image = Image(package, "Containerfile.slim", tmp_path / "root")
    returns = []
    ros_loop.node("watcher").create_subscription(
        Float64, "/cartpole_ppo/ppo_trainer_6/mean_return", returns.append, 1)
    host = image.start()
    try:
        ros_loop.run(ros_loop.until(lambda: returns), host)
        assert image.is_healthy()
        host.terminate()
        assert host.wait() == 0, host.output
    finally:
        host.kill()
    assert (image.folder / "checkpoint/checkpoint.json").is_file()


def test_compose_has_a_service_for_each_process(export, cartpole):
    package = export(cartpole, "--standalone", "--container", "--place", "split")
    compose = yaml.safe_load((package / "containers/compose.yaml").read_text())
    services = compose["services"]
    processes = re.findall(r"exec_name='(\w+)'", (package / "launch/NAME.launch.py").read_text())
    assert list(services) == processes and len(processes) > 3
    for name, service in services.items():
        assert service["command"][:2] == ["--process", name]
        assert "profiles" not in service
        assert service["read_only"] and service["environment"]["DNNE_ROS_RUN_KEY"].startswith("${")
        assert (package / "containers" / service["build"]["context"]).resolve() == package.folder
        file = service["build"]["dockerfile"].replace("${IMAGE:-slim}", "slim")
        assert (package / file).is_file()


def test_compose_has_a_profile_for_each_host(export, cartpole, tmp_path):
    """A machine starts what is placed on it, and reaches the others."""
    place = tmp_path / "place.json"
    place.write_text(json.dumps({"processes": {"sim": [1, 4]},
                                 "hosts": {"robot": ["sim"], "desk": [2, 3, 5, 6, 7]}}))
    package = export(cartpole, "--standalone", "--container", "--place", str(place))
    services = yaml.safe_load((package / "containers/compose.yaml").read_text())["services"]
    assert {name: service["profiles"] for name, service in services.items()} == {
        "sim": ["robot"], "desk": ["desk"]}
    for service in services.values():
        assert service["environment"]["ROS_AUTOMATIC_DISCOVERY_RANGE"].endswith(":-SUBNET}")
    readme = (package / "containers/README.md").read_text()
    assert "**Hosts**: robot, desk" in readme and "--profile robot up" in readme


def test_containers_are_of_packages_that_stand_alone(cartpole, tmp_path, capsys):
    assert main(["export", str(cartpole), "-o", str(tmp_path / "src"), "--container"]) == 2
    assert "--container: expected --standalone" in capsys.readouterr().err
    assert not (tmp_path / "src").exists()
