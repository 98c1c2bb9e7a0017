"""Runs the command line as a user does: in processes of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest


class Run:
    """A `dnne-ros run` in the background."""

    def __init__(self, arguments, folder, repository):
        self.report_file = folder / "report.json"
        environment = {**os.environ, "PYTHONPATH": str(repository)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dnne_ros", "run",
             "--report", str(self.report_file), *map(str, arguments)],
            cwd=folder, env=environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines = []
        self._progress = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            if "updates" in line:
                self._progress.set()

    def until(self, condition, what):
        """Wait for ``what``, as ``condition()`` tells, while the run lives."""
        while not condition():
            assert self.process.poll() is None, f"no {what}:\n{self.output}"
            time.sleep(0.01)

    def until_progress(self):
        """Wait for the first line of progress."""
        assert self._progress.wait(60), self.output

    def interrupt(self):
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def wait(self, timeout=90):
        """Return the exit code."""
        code = self.process.wait(timeout)
        self._reader.join(10)
        return code

    @property
    def output(self):
        """What has been printed so far."""
        return "".join(self.lines)

    @property
    def report(self):
        """The JSON report."""
        return json.loads(self.report_file.read_text())

    def children(self):
        """The processes of the graph, by the name of their process."""
        import psutil

        found = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                words = child.cmdline()
            except psutil.Error:  # it has just ended
                continue
            if "--process" in words:
                found[words[words.index("--process") + 1]] = child
        return found


@pytest.fixture
def start_run(tmp_path, repository):
    """Start `dnne-ros run` with some arguments; what is left at the end is killed."""
    runs = []

    def start(*arguments):
        folder = tmp_path / f"run{len(runs)}"
        folder.mkdir()
        runs.append(Run(arguments, folder, repository))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            for child in run.children().values():
                child.kill()
            run.process.kill()
            run.process.wait()


@pytest.fixture(scope="session")
def trained(tmp_path_factory, repository, cartpole):
    """Return the checkpoint of a policy that has solved the task in simulation."""
    folder = tmp_path_factory.mktemp("trained")
    subprocess.run(
        [sys.executable, "-m", "dnne_ros", "run", str(cartpole), "--quiet", "--until-return",
         "450", "--seed", "1", "--save-checkpoint-dir", "checkpoint"], cwd=folder, check=True,
        timeout=120, env={**os.environ, "PYTHONPATH": str(repository)})
    return folder / "checkpoint"


@pytest.fixture(scope="session")
def command(repository):
    """Run a `dnne-ros` command to its end."""
    def run(*arguments, cwd=None):
        return subprocess.run(
            [sys.executable, "-m", "dnne_ros", *map(str, arguments)], cwd=cwd, text=True,
            env={**os.environ, "PYTHONPATH": str(repository)}, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=60)
    return run


@pytest.fixture(scope="session")
def upstream_cartpole(repository):
    """The graph as its author saved it, where the shared folder is there."""
    path: Path = repository.parent / "shared" / "workflows" / "Cartpole_PPO.json"
    if not path.exists():
        pytest.skip(f"needs {path.name} beside the checkout")
    return path
