"""Debuggers at runs, as others see them: over the ROS graph."""

import json

import pytest

from dnne_ros.debugger.client import GraphClient

SMALL = ("--set", "1.num_envs=16", "--set", "6.minibatch_size=64", "--quiet")


@pytest.fixture
def start_paused(start_command, tmp_path):
    """Start a run that does not move before somebody debugs it; its report is ``report.json``.

    ``settings`` make Cartpole small.
    """
    def start(workflow, *arguments, settings=SMALL):
        runs.append(start_command(
            "dnne_ros", "run", workflow, "--paused", "--peer-timeout", "1h", "--report",
            "report.json", *settings, *arguments, folder=tmp_path))
        return runs[-1]

    runs = []
    yield start
    for run in runs:
        run.kill()


@pytest.fixture
def report(tmp_path):
    """Return the report of the run that has ended."""
    return lambda: json.loads((tmp_path / "report.json").read_text())


@pytest.fixture
def attach(ros_loop):
    """Return the graph that runs, as a debugger of some name sees it."""
    clients = []

    async def make(by="the test", name=""):
        client = GraphClient(ros_loop.node("debugger"), by)
        clients.append(client)
        return await client.attach(name, 3600.0)

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def losses(start_command, cartpole, tmp_path_factory):
    """Return those of a run that nobody debugs."""
    folder = tmp_path_factory.mktemp("straight")
    run = start_command("dnne_ros", "run", cartpole, *SMALL, "--max-updates", "20", "--report",
                        "report.json", folder=folder)
    assert run.wait() == 0, run.output
    return json.loads((folder / "report.json").read_text())["losses"]
