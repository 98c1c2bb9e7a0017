"""Exports packages as a user does, and runs one process of them."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dnne_ros.cli.main import main


class Exported:
    """An exported package on disk."""

    def __init__(self, folder):
        self.folder = folder
        self.name = folder.name

    def __truediv__(self, path):
        return self.folder / path.replace("NAME", self.name)

    def edit(self, path, old, new):
        """Replace text in a file, as a person would."""
        file = self / path
        text = file.read_text(encoding="utf-8")
        assert old in text, text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def contents(self):
        """Return the bytes of each file by its path."""
        return {str(path.relative_to(self.folder)): path.read_bytes()
                for path in sorted(self.folder.rglob("*"))
                if path.is_file() and "__pycache__" not in path.parts}

    @property
    def command(self):
        """The start of a command line that runs a process of the package."""
        return [sys.executable, "-m", f"{self.name}.host"]

    @property
    def parameters(self):
        """ROS arguments that give the package's own parameter file."""
        return ["--ros-args", "--params-file", str(self / "config/NAME.params.yaml")]


@pytest.fixture
def export(tmp_path, capsys):
    """Export a workflow into a folder; returns the package."""
    def run(workflow, *arguments, output=None):
        output = tmp_path / "src" if output is None else output
        assert main(["export", str(workflow), "-o", str(output), *arguments]) == 0, \
            capsys.readouterr().err
        printed = capsys.readouterr().out
        folder = printed.removeprefix("wrote ").partition(": ")[0].removesuffix(
            " is up to date\n")
        return Exported(Path(folder))
    return run


class Status:
    """What a process of a graph tells over its status socket until it is asked to stop."""

    def __init__(self, command, arguments, folder, python_path):
        ours, theirs = socket.socketpair()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, python_path))}
        self.log = folder / "log.txt"
        with theirs, self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--status-fd", str(theirs.fileno()), *arguments],
                pass_fds=[theirs.fileno()], cwd=folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.socket = ours
        self.lines = ours.makefile("r")

    def updates(self, count):
        """Return the losses and returns of the first updates, then stop the process."""
        found = []
        self.socket.settimeout(90)
        try:
            for line in self.lines:
                message = json.loads(line)
                assert message["kind"] != "error", message
                if message["kind"] == "progress" and "loss" in message["metrics"]:
                    metrics = message["metrics"]
                    found.append({name: metrics[name] for name in (
                        "loss", "env_steps", "mean_return")})
                    if len(found) == count:
                        return found
            raise AssertionError(f"ended after {len(found)} updates: {self.log.read_text()}")
        finally:
            self.stop()

    def stop(self):
        """End the process."""
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.socket.close()


@pytest.fixture(scope="session")
def first_updates(tmp_path_factory, repository):
    """Run one process of a graph and return its first updates."""
    def run(command, *arguments, python_path=(repository,), count=5):
        folder = tmp_path_factory.mktemp("process")
        return Status(command, arguments, folder, python_path).updates(count)
    return run
