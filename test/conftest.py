"""Keeps this test process to itself on DDS, and gives tests an event loop that serves rclpy."""

from domains import avoid_shared_memory, join_domain, users_environment

DOMAIN_LOCK = join_domain()
avoid_shared_memory()

import asyncio
import fcntl
import gc
import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest
from commands import Command
from forgotten_errors import ForgottenErrors
from hypothesis import HealthCheck, settings
from patience import patiently
from python_path import python_path
from warm import WarmServer

pytest_plugins = ["dnne_ros.testing.pytest_plugin"]

# Machines that run tests are busy: how long an example takes says nothing.  The suite tries the
# same examples each time, so that it fails for a change and not for a die;
# --hypothesis-profile=search looks for new ones.
settings.register_profile(
    "same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "search", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def repository():
    """Return the folder that holds the package and its tests."""
    return REPOSITORY


class RosLoop:
    """A `RosEventLoop` with its own rclpy context."""

    def __init__(self, context, loop):
        self.context = context
        self.loop = loop
        self.nodes = []

    def node(self, name, **options):
        """Return a new rclpy node that the loop serves."""
        import rclpy

        node = rclpy.create_node(name, context=self.context, **options)
        self.loop.executor.add_node(node)
        self.nodes.append(node)
        return node

    def kill(self, node):
        """Let a node be as if its process had been killed: it hears and says nothing more."""
        self.loop.executor.remove_node(node)
        self.nodes.remove(node)
        node.destroy_node()

    def run(self, coroutine, *commands):
        """Run a coroutine to its end, as long as there is a point in waiting for it.

        It fails at once if one of ``commands``, which the coroutine hears from, has ended.
        """
        return self.loop.run_until_complete(patiently(coroutine, commands))

    async def until(self, condition):
        """Wait for what DDS discovery will bring about: it has no event to wait for."""
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
def ros_loop():
    """Give an event loop that serves rclpy, and clean up after it."""
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    from dnne_ros.runtime.event_loop import RosEventLoop

    context = rclpy.Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    ros = RosLoop(context, RosEventLoop(context))
    try:
        yield ros
    finally:
        ros.loop.close()
        ros.loop.executor.shutdown()  # until then it keeps subscriptions alive
        for node in ros.nodes:
            node.destroy_node()
        rclpy.shutdown(context=context)


@pytest.fixture
def another_process():
    """Return ``node(name)``: nodes of another participant, which is a process to DDS."""
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    context = rclpy.Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    nodes = []

    def node(name):
        nodes.append(rclpy.create_node(name, context=context))
        return nodes[-1]

    yield node
    for each in nodes:
        each.destroy_node()
    rclpy.shutdown(context=context)


@pytest.fixture(scope="module", autouse=True)
def no_forgotten_error():
    """Fail a file whose tests leave behind a task with an error that nobody has looked at."""
    with ForgottenErrors() as forgotten:
        yield
        gc.collect()
    assert not forgotten.texts


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory, worker_id):
    """Make a folder once, for all processes that run these tests side by side."""
    def make(name, fill):
        base = tmp_path_factory.getbasetemp()
        folder = (base if worker_id == "master" else base.parent) / name
        folder.mkdir(exist_ok=True)
        done = folder / ".done"
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the others wait for the first
            if not done.exists():
                fill(folder)
                done.touch()
        return folder
    return make


@pytest.fixture(scope="session")
def warm(repository):
    """Return what starts commands as forks of one process that has imported torch."""
    server = WarmServer(repository)
    yield server
    server.close()


@pytest.fixture(scope="session")
def started_commands():
    """Return the list of those that were started and may still run."""
    return []


@pytest.fixture(scope="module", autouse=True)
def no_command_left(started_commands):
    """Kill what a file's tests have left behind when they failed: it would disturb the others."""
    yield
    while started_commands:
        started_commands.pop().kill()


@pytest.fixture(scope="session")
def start_command(warm, started_commands, repository):
    """Start `python -m module arguments`, as a fork unless ``cold``; returns a `Command`.

    ``environment``: what is set beside the tests' own.  A PYTHONPATH goes before that of ROS 2.
    """
    def start(module, *arguments, folder, cold=False, environment=(), **options):
        settings = {"PYTHONPATH": repository, **dict(environment)}
        settings["PYTHONPATH"] = python_path(settings["PYTHONPATH"])
        command = Command(module, arguments, folder, {**users_environment(), **settings},
                          server=None if cold else warm, **options)
        started_commands[:] = [
            each for each in (*started_commands, command) if each.returncode is None]
        return command
    return start


@pytest.fixture
def start_plant(start_command, repository, tmp_path):
    """Start a robot that knows nothing of us, for so many seconds; it is killed at the end."""
    started = []

    def start(*arguments):
        started.append(start_command(repository / "docs" / "examples" / "cartpole_plant.py",
                                     *arguments, folder=tmp_path, separate=True))
        return started[-1]

    yield start
    for plant in started:
        plant.kill()


@pytest.fixture(scope="session")
def run_words(start_command, tmp_path_factory):
    """Run a command line to its end; returns a `Command`, with errors apart from the output."""
    def run(*words, folder=None, environment=()):
        done = start_command(words, folder=folder or tmp_path_factory.mktemp("command"),
                             cold=True, separate=True, environment=environment)
        done.wait()
        return done
    return run


@pytest.fixture(scope="session")
def cartpole(repository):
    """Return the package's own workflow."""
    return repository / "config" / "workflows" / "cartpole_ppo.json"


@pytest.fixture
def cartpole_graph(cartpole):
    """Return its graph."""
    from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
    from dnne_ros.graph.building import build_graph
    from dnne_ros.workflow.reading import read_workflow

    catalogue = Catalogue(BUILT_IN)
    workflow, problems = read_workflow(str(cartpole), catalogue.signature)
    return build_graph(workflow, catalogue, problems)


@pytest.fixture
def parameter_file(tmp_path):
    """Write a parameter file and return its path."""
    def write(text):
        path = tmp_path / "params.yaml"
        path.write_text(text)
        return path
    return write


@pytest.fixture(scope="session")
def other_user():
    """Return the id of another user of this machine, who is made for these tests."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as another user")
    if shutil.which("useradd") is None:
        pytest.skip("this system has no useradd")
    name = "dnne_ros_tests"
    subprocess.run(["useradd", "--system", "--no-create-home", name], capture_output=True)
    return pwd.getpwnam(name).pw_uid


@pytest.fixture
def as_another_user(other_user):
    """Run Python source as another user of this machine; returns what it prints."""
    def run(source):
        return subprocess.run(["/usr/bin/env", "python3", "-c", source], user=other_user,
                              group=other_user, extra_groups=[], cwd="/", check=True,
                              capture_output=True, text=True).stdout
    return run
