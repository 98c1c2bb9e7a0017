"""Exports packages as a user does, and runs one process of them."""

import contextlib
import json
import os
import socket
from pathlib import Path

import pytest

from dnne_ros.cli.main import main
from dnne_ros.runtime.coordination.fork_server import CHANNEL


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
    def host(self):
        """The module that runs a process of the package."""
        return f"{self.name}.host"

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


@pytest.fixture(scope="session")
def first_updates(tmp_path_factory, repository, start_command):
    """Run one process of a graph and return the losses and returns of its first updates."""
    def run(module, *arguments, python_path=(repository,), count=5, cold=False):
        ours, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno() if cold else CHANNEL
            process = start_command(
                module, "--status-fd", number, *arguments, folder=tmp_path_factory.mktemp("host"),
                environment={"PYTHONPATH": os.pathsep.join(map(str, python_path))},
                channel=theirs, cold=cold)
        ours.setblocking(False)
        try:
            heard = bytearray()
            process.until(lambda: len(updates(ours, heard)) >= count, "the updates",
                          moved=lambda: len(heard))
            return updates(ours, heard)[:count]
        finally:
            process.kill()
            ours.close()
    return run


def updates(channel, heard):
    """Return the figures of each update in what has come over a status channel so far."""
    with contextlib.suppress(BlockingIOError):
        while data := channel.recv(2**16):
            heard += data
    messages = [json.loads(line) for line in heard.splitlines(keepends=True)
                if line.endswith(b"\n")]
    assert not [message for message in messages if message["kind"] == "error"]
    return [{name: message["metrics"][name] for name in ("loss", "env_steps", "mean_return")}
            for message in messages
            if message["kind"] == "progress" and "loss" in message["metrics"]]
