"""Runs the command line as a user does: in processes of its own."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from commands import Command
from domains import users_environment
from python_path import python_path

PATIENT = ("--peer-timeout", "1h")
"""On a machine that is busy enough, processes need more than a minute to start."""


class Run(Command):
    """A `dnne-ros run` in the background."""

    def __init__(self, arguments, folder, repository, server):
        self.report_file = folder / "report.json"
        super().__init__(
            "dnne_ros", ["run", "--report", self.report_file, *PATIENT, *arguments], folder,
            {**users_environment(), "PYTHONPATH": python_path(repository)}, server)

    def until_progress(self):
        """Wait for the first line of progress."""
        self.until(lambda: "updates" in self.output, "the first line of progress")

    @property
    def report(self):
        """The JSON report."""
        return json.loads(self.report_file.read_text())


@pytest.fixture
def start_run(tmp_path, repository, warm):
    """Start `dnne-ros run` with some arguments; what is left at the end is killed.

    ``cold``: in a new interpreter, as the user's is.
    """
    runs = []

    def start(*arguments, cold=False):
        folder = tmp_path / f"run{len(runs)}"
        folder.mkdir()
        runs.append(Run(arguments, folder, repository, None if cold else warm))
        return runs[-1]

    yield start
    for run in runs:
        run.kill()


@pytest.fixture(scope="session")
def trained(shared_folder, start_command, cartpole):
    """Return the checkpoint of a policy that has solved the task in simulation."""
    def train(folder):
        run = start_command("dnne_ros", "run", cartpole, "--quiet", "--until-return", "450",
                            "--seed", "1", "--save-checkpoint-dir", "checkpoint", folder=folder)
        assert run.wait() == 0, run.output
    return shared_folder("trained", train) / "checkpoint"


@pytest.fixture(scope="session")
def command(start_command, tmp_path_factory):
    """Run a `dnne-ros` command to its end; returns its exit code, output and errors."""
    def run(*arguments, cwd=None):
        folder = tmp_path_factory.mktemp("command") if cwd is None else cwd
        done = start_command("dnne_ros", *arguments, folder=folder, separate=True)
        done.wait()
        return SimpleNamespace(returncode=done.returncode, stdout=done.output,
                               stderr=done.errors)
    return run


@pytest.fixture(scope="session")
def upstream_cartpole(repository):
    """The graph as its author saved it, where the shared folder is there."""
    path: Path = repository.parent / "shared" / "workflows" / "Cartpole_PPO.json"
    if not path.exists():
        pytest.skip(f"needs {path.name} beside the checkout")
    return path
