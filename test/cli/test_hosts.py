"""Graphs on two machines: network namespaces with addresses, memory and clocks of their own."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from commands import Command
from domains import users_environment
from python_path import python_path

from dnne_ros.bench.virtual_hosts import virtual_hosts, why_no_virtual_hosts
from dnne_ros.tracing.analysis import analyze
from dnne_ros.tracing.clocks import join
from dnne_ros.tracing.collecting import open_trace
from dnne_ros.tracing.matching import Matches

pytestmark = pytest.mark.skipif(bool(why_no_virtual_hosts()), reason=why_no_virtual_hosts())

NODES = Path(__file__).with_name("fault_nodes.py")
FAST = ("--set", "1.num_envs=128", "--set", "6.minibatch_size=512")
KEY = "9f" * 32


class HostRun(Command):
    """`dnne-ros run` on a virtual host."""

    def __init__(self, host, arguments, folder, environment):
        self.host, self.folder = host, folder
        super().__init__(host.words(sys.executable, "-X", "faulthandler", "-m", "dnne_ros", "run",
                                    "--host", host.name, "--report", "report.json",
                                    *arguments), (), folder, environment)

    @property
    def report(self):
        """The JSON report."""
        return json.loads((self.folder / "report.json").read_text())

    def lose_power(self):
        """Kill everything there; nobody has a last word."""
        self.host.cut()
        self.kill()
        self.host.join()

    def interrupt(self):
        """Press Ctrl-C there; the first of the family only waits for what runs in its clocks."""
        os.kill(self.family()[1], signal.SIGINT)


@pytest.fixture(scope="module")
def hosts():
    """Give two machines with a cable between them, by name."""
    with virtual_hosts("robot", "desk") as made:
        yield {host.name: host for host in made}


@pytest.fixture
def start_on(hosts, tmp_path, repository):
    """Start `dnne-ros run` on a host; what is left at the end is killed."""
    runs = []

    def start(name, *arguments, key=KEY, environment=()):
        folder = tmp_path / f"{name}{len(runs)}"
        folder.mkdir()
        variables = {**users_environment(), "PYTHONPATH": python_path(repository),
                     "DNNE_ROS_RUN_KEY": key, **dict(environment)}
        del variables["ROS_AUTOMATIC_DISCOVERY_RANGE"]
        runs.append(HostRun(hosts[name], arguments, folder, variables))
        return runs[-1]

    yield start
    for run in runs:
        run.kill()
    for host in hosts.values():
        host.join()


@pytest.fixture
def place_file(tmp_path):
    """Write a placement file and return its path."""
    def write(**content):
        path = tmp_path / f"place{len(list(tmp_path.glob('place*')))}.json"
        path.write_text(json.dumps(content))
        return path
    return write


class Numbers:
    """A source on the robot, and a consumer on the desk that writes down what it gets."""

    def __init__(self, folder, place_file, *options, count=2**31, name="numbers"):
        self._taken = folder / f"{name}.taken"
        self.workflow = folder / f"{name}.json"
        self.workflow.write_text(json.dumps({
            "nodes": [
                {"id": 1, "type": "Numbers", "widgets_values": [count], "inputs": [],
                 "outputs": [{"name": "value", "type": "INT", "links": [2]}]},
                {"id": 2, "type": "WriteDown", "widgets_values": [str(self._taken), False],
                 "inputs": [{"name": "value", "type": "INT", "link": 2}], "outputs": []}],
            "links": [[2, 1, 0, 2, 0, "INT"]]}))
        self.arguments = (self.workflow, "--nodes", NODES, "--place", place_file(
            hosts={"robot": [1], "desk": [2]}), *options)

    @property
    def taken(self):
        """The numbers that the consumer has written down."""
        data = self._taken.read_bytes() if self._taken.exists() else b""
        return np.frombuffer(data[:len(data) // 4 * 4], "<u4")

    def until_more(self, run, *others, more=2_000):
        """Wait until so many more have come."""
        wanted = len(self.taken) + more
        run.until(lambda: len(self.taken) >= wanted, "items", others, lambda: len(self.taken))


@pytest.fixture
def numbers(tmp_path, place_file):
    """Make a graph of a source and a consumer on another host."""
    def make(*options, **details):
        return Numbers(tmp_path, place_file, *options, **details)
    return make


@pytest.fixture(scope="module")
def fused(tmp_path_factory, start_command, cartpole):
    """Return the losses of Cartpole in one process."""
    folder = tmp_path_factory.mktemp("fused")
    run = start_command("dnne_ros", "run", cartpole, *FAST, "--max-updates", "20",
                        "--report", "report.json", folder=folder)
    assert run.wait() == 0, run.output
    return json.loads((folder / "report.json").read_text())["losses"]


@pytest.mark.parametrize("first", [
    "robot", pytest.param("desk", marks=pytest.mark.long)])
def test_cartpole_on_two_hosts_gives_the_losses_of_one_process(
        start_on, place_file, cartpole, fused, first):
    place = place_file(processes={"agent": [2, 3, 5]},
                       hosts={"robot": [1, 4], "desk": ["agent", 6, 7]})
    arguments = (cartpole, *FAST, "--max-updates", "20", "--place", place, "--trace", "t.json")
    second = {"robot": "desk", "desk": "robot"}[first]
    nodes = {"robot": "isaac_gym_env_1, isaac_gym_step_4",
             "desk": "or_2, ppo_agent_3, cartpole_action_5, ppo_trainer_6, display_7"}[second]
    runs = {first: start_on(first, *arguments)}
    runs[first].until(lambda: f"waits for host {second} ({nodes}) since" in runs[first].output,
                      "who is waited for")
    runs[second] = start_on(second, *arguments)
    for run in runs.values():
        assert run.wait() == 0, run.output
    assert runs["desk"].report["losses"] == fused and len(fused) == 20
    assert runs["robot"].report["processes"] == ["robot"]
    crossing = [edge for edge in runs["desk"].report["edges"] if "isaac_gym" in edge["name"]]
    assert len(crossing) >= 4
    for edge in crossing:
        # One that is sent while the other end leaves goes through DDS, to nobody.
        assert edge["transport"].startswith("tcp"), edge
        assert edge["lost"] == edge["duplicated"] == 0, edge
    check_traces([open_trace(str(runs[name].folder / "t.json")) for name in ("robot", "desk")])


def check_traces(traces):
    """What both hosts have recorded fits on one time line, although their clocks differ."""
    trace = join(traces)
    note, = trace.notes
    assert note.startswith("clock of host desk: aligned with that of robot by items both ways")
    matches = Matches(trace)
    pairs = [matches.pairs(edge) for edge in trace.edges.values()]
    assert sum(map(len, pairs)) > 1000
    assert all(sent.began < taken.ended for found in pairs for sent, taken in found)
    assert "isaac_gym_step_4" in analyze(trace).paced


def test_a_host_that_is_cut_off_for_five_seconds_loses_nothing(hosts, start_on, numbers):
    graph = numbers()
    robot, desk = (start_on(name, *graph.arguments) for name in ("robot", "desk"))
    graph.until_more(desk, robot)
    hosts["robot"].cut()
    time.sleep(5)  # what it is about
    hosts["robot"].join()
    graph.until_more(desk, robot)
    desk.interrupt()
    assert desk.wait() == 130, desk.output
    assert robot.wait() in (0, 130), robot.output
    assert np.array_equal(graph.taken, np.arange(len(graph.taken)))
    edge, = desk.report["edges"]
    assert edge["lost"] == edge["dropped"] == edge["duplicated"] == 0


@pytest.mark.parametrize("dead", [
    "robot", pytest.param("desk", marks=pytest.mark.long)])
def test_a_host_that_stays_away_ends_the_run_with_its_name(start_on, numbers, dead):
    graph = numbers("--absent-after", "3s")
    runs = {name: start_on(name, *graph.arguments) for name in ("robot", "desk")}
    graph.until_more(runs["desk"], runs["robot"])
    runs.pop(dead).lose_power()
    left, = runs.values()
    assert left.wait() == 1, left.output
    node = {"robot": "numbers_1", "desk": "write_down_2"}[dead]
    assert f"host {dead} ({node}) has given no sign of life for 3 s" in left.output


@pytest.mark.parametrize("dead", [
    "robot", pytest.param("desk", marks=pytest.mark.long)])
def test_with_respawn_a_host_that_died_is_taken_up_again(start_on, numbers, dead):
    graph = numbers("--absent-after", "3s", "--respawn")
    runs = {name: start_on(name, *graph.arguments) for name in ("robot", "desk")}
    graph.until_more(runs["desk"], runs["robot"])
    runs.pop(dead).lose_power()
    left, = runs.values()
    left.until(lambda: "it is taken up again when it is back" in left.output, "its absence")
    assert f"host {dead} (" in left.output
    runs[dead] = start_on(dead, *graph.arguments)
    graph.until_more(runs["desk"], runs["robot"])
    runs["desk"].interrupt()
    for run in runs.values():
        assert run.wait() in (0, 130), run.output
    assert np.array_equal(np.unique(graph.taken), np.arange(graph.taken.max() + 1))


def test_with_respawn_a_process_that_is_killed_goes_on_in_the_same_run(start_on, numbers):
    graph = numbers("--respawn")
    runs = {name: start_on(name, *graph.arguments) for name in ("robot", "desk")}
    for name, run in runs.items():
        graph.until_more(runs["desk"], runs["robot"])
        run.child(name).kill()
        run.until(lambda run=run: "killed by SIGKILL" in run.output, "its end")
    graph.until_more(runs["desk"], runs["robot"])
    runs["desk"].interrupt()
    for run in runs.values():
        assert run.wait() in (0, 130), run.output
    assert np.array_equal(np.unique(graph.taken), np.arange(graph.taken.max() + 1))


def test_a_host_whose_memory_is_gone_is_not_taken_up_where_rounds_are_known_nowhere_else(
        start_on, place_file, tmp_path):
    workflow = tmp_path / "halves.json"
    workflow.write_text(json.dumps({
        "1": {"class_type": "Arrays", "inputs": {"count": 2**31 - 1}},
        "2": {"class_type": "AddHalf", "inputs": {"array": ["1", 0]}},
        "3": {"class_type": "WriteArrays",
              "inputs": {"array": ["2", 0], "file": str(tmp_path / "taken")}}}))
    arguments = (workflow, "--nodes", NODES, "--respawn", "--absent-after", "3s", "--place",
                 place_file(processes={"start": [1], "end": [3]},
                            hosts={"robot": [2], "desk": ["start", "end"]}))
    robot, desk = (start_on(name, *arguments) for name in ("robot", "desk"))
    desk.until(lambda: (tmp_path / "taken").exists(), "the first items", [robot])
    robot.lose_power()
    desk.until(lambda: "host robot (add_half_2) has given no sign of life" in desk.output, "it")
    again = start_on("robot", *arguments, "--wait", "6s")
    assert again.wait() == 1, again.output
    assert "is still in a run that has begun without this host" in again.output


def test_what_fails_on_one_host_ends_the_other_with_its_name(start_on, numbers):
    graph = numbers("--set", "2.file=/no/such/folder/file")
    robot, desk = (start_on(name, *graph.arguments) for name in ("robot", "desk"))
    assert desk.wait() == 1 and "/no/such/folder" in desk.output, desk.output
    assert robot.wait() == 1, robot.output
    assert "host desk: the run has failed there" in robot.output


def test_a_command_that_is_killed_ends_the_other_host_with_its_name(start_on, numbers):
    graph = numbers()
    robot, desk = (start_on(name, *graph.arguments) for name in ("robot", "desk"))
    graph.until_more(desk, robot)
    os.kill(desk.family()[1], signal.SIGKILL)
    assert robot.wait() == 1, robot.output
    assert "host desk: the command that ran it has been killed" in robot.output


def test_another_workflow_is_refused_on_both_hosts(start_on, numbers):
    graph = numbers()
    robot = start_on("robot", *graph.arguments)
    desk = start_on("desk", *graph.arguments, "--set", "1.count=7", "--seed", "1")
    for run, own, other in ((robot, "robot", "desk"), (desk, "desk", "robot")):
        assert run.wait() == 2, run.output
        assert f"host {own}: " in run.output and f"on host {other}" in run.output
        assert "--seed" in run.output and "nodes" in run.output
        assert "expected the same workflow, placement and options" in run.output
    assert not len(graph.taken)


def test_another_version_is_refused_on_both_hosts(start_on, numbers, tmp_path):
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "sitecustomize.py").write_text(
        "import dnne_ros\ndnne_ros.__version__ = '99.1'\n")
    graph = numbers()
    path = f"{tmp_path / 'later'}:{python_path(Path(__file__).parents[2])}"
    robot = start_on("robot", *graph.arguments)
    desk = start_on("desk", *graph.arguments, environment={"PYTHONPATH": path})
    for run, other in ((robot, "99.1 on host desk"), (desk, "dnne_ros 99.1 here")):
        assert run.wait() == 2, run.output
        assert other in run.output and "expected the same version" in run.output


def test_a_host_with_another_key_is_named_and_waited_for_no_longer_than_asked(start_on, numbers):
    graph = numbers("--wait", "8s")
    robot = start_on("robot", *graph.arguments)
    desk = start_on("desk", *graph.arguments, key="77" * 32)
    for run, own, other, node in ((robot, "robot", "desk", "write_down_2"),
                                  (desk, "desk", "robot", "numbers_1")):
        assert run.wait() == 1, run.output
        assert f"host {other} has been heard, but with another key" in run.output
        assert (f"host {own}: waited 8 s for host {other} ({node}; has been heard, but with "
                "another key)") in run.output


@pytest.mark.parametrize(("key", "said"), [
    ("", "host robot: has no key of the run; expected the one that all its hosts share"),
    ("short", "expected a key of 16 to 64 ASCII characters"),
])
def test_a_host_without_a_key_is_refused_by_name(start_on, numbers, key, said):
    robot = start_on("robot", *numbers().arguments, key=key)
    assert robot.wait() == 2 and said in robot.output, robot.output


def test_the_key_may_come_from_a_file_that_nobody_else_reads(start_on, numbers, tmp_path):
    file = tmp_path / "run.key"
    file.write_text(f"{KEY}\n")
    file.chmod(0o640)
    graph = numbers("--key-file", file, count=100)
    robot = start_on("robot", *graph.arguments, key="")
    assert robot.wait() == 2 and "expected mode 0600, found 0640" in robot.output
    file.chmod(0o600)
    robot, desk = (start_on(name, *graph.arguments, key="") for name in ("robot", "desk"))
    graph.until_more(desk, robot, more=100)


def test_who_waits_can_be_interrupted(start_on, numbers):
    robot = start_on("robot", *numbers().arguments)
    robot.until(lambda: "waits for host desk (write_down_2) since" in robot.output, "its wait")
    robot.interrupt()
    assert robot.wait() == 130, robot.output


ARM = """
import sys
import rclpy
from sensor_msgs.msg import JointState
rclpy.init()
node = rclpy.create_node("arm")
joints = node.create_publisher(JointState, f"/{sys.argv[1]}/joint_states", 10)
node.create_timer(0.05, lambda: joints.publish(JointState(
    name=["elbow"], position=[float(sys.argv[2])])))
rclpy.spin(node)
"""


def test_two_robots_and_a_workstation(tmp_path, repository):
    """What docs/hosts.md shows, each host with its own copy of the files."""
    environment = {**users_environment(), "PYTHONPATH": python_path(repository)}
    del environment["ROS_AUTOMATIC_DISCOVERY_RANGE"]
    with virtual_hosts("left", "right", "desk") as machines:
        runs = []
        try:
            for number, machine in enumerate(machines):
                folder = tmp_path / machine.name
                shutil.copytree(repository / "docs" / "examples", folder)
                (folder / "run.key").write_text(KEY)
                (folder / "run.key").chmod(0o600)
                if machine.name != "desk":
                    runs.append(Command(machine.words(
                        sys.executable, "-c", ARM, machine.name, number + 0.25), (), folder,
                        environment))
                runs.append(HostRun(machine, (
                    "two_robots.json", "--place", "two_robots.yaml", "--key-file", "run.key"),
                    folder, environment))
            desk = runs[-1]
            desk.until(lambda: "display_3]: [[0.25]]" in desk.output
                       and "display_4]: [[1.25]]" in desk.output, "both arms", runs)
        finally:
            for run in runs:
                run.kill()


@pytest.fixture
def without_multicast(hosts):
    """Let the network carry nothing that is for everybody."""
    for host in hosts.values():
        host.multicast(on=False)
    yield [host.address for host in hosts.values()]
    for host in hosts.values():
        host.multicast(on=True)


def test_hosts_without_multicast_find_each_other_by_their_addresses(
        start_on, numbers, without_multicast):
    graph = numbers("--peers", ",".join(without_multicast))
    robot, desk = (start_on(name, *graph.arguments) for name in ("robot", "desk"))
    graph.until_more(desk, robot)
    desk.interrupt()
    assert desk.wait() == 130, desk.output


MANY = """
import os, sys, time
from dnne_ros.runtime.discovery import choose_peers, forget_peers
choose_peers(os.environ, sys.argv[2:])
import rclpy
nodes = []
for number in range(int(sys.argv[1])):
    context = rclpy.Context()
    rclpy.init(context=context)
    nodes.append(rclpy.create_node(f"node_{number}", context=context))
forget_peers(os.environ)
names = set()
while True:
    new = set(nodes[-1].get_node_names()) - names
    names |= new
    for name in new:
        print(name, flush=True)
    time.sleep(0.1)
"""


def test_more_than_32_processes_on_one_host_are_found(
        hosts, without_multicast, tmp_path, repository):
    environment = {**users_environment(), "PYTHONPATH": python_path(repository),
                   "TMPDIR": str(tmp_path)}
    many, one = (
        Command(hosts[name].words(sys.executable, "-c", MANY, count, *without_multicast), (),
                tmp_path, environment) for name, count in (("robot", 40), ("desk", 1)))
    try:
        one.until(lambda: len(one.lines) == 40, "all of 40 nodes", [many],
                  lambda: len(many.output))
        assert not list(tmp_path.glob("dnne_ros_peers_*"))
    finally:
        one.kill()
        many.kill()
