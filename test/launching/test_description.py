"""The launch description, against the real launch packages; no process is started."""

import asyncio
from pathlib import Path

import pytest
from launch_visits import visit

pytestmark = pytest.mark.usefixtures("launch_packages")


@pytest.fixture
def nodes_of(launch_file, cartpole, monkeypatch, ament_prefix):
    """Return the node actions of the launch file, given some arguments."""
    from launch import LaunchContext
    from launch.actions import GroupAction, IncludeLaunchDescription
    from launch.launch_description_sources import PythonLaunchDescriptionSource

    monkeypatch.setenv("AMENT_PREFIX_PATH", str(ament_prefix))

    def nodes_of(*before, **arguments):
        context = LaunchContext()
        include = IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(launch_file)),
            launch_arguments={"workflow": str(cartpole), **arguments}.items())
        return visit(GroupAction([*before, include]), context)
    return nodes_of


def words(node):
    """Return the command line of a node action, as far as it is known before it runs."""
    from launch import LaunchContext
    from launch.utilities import perform_substitutions

    context = LaunchContext()
    context.extend_locals({"ros_specific_arguments": {"ns": node.expanded_node_namespace}})
    return [perform_substitutions(context, word) for word in node.cmd]


def test_every_argument_is_explained(launch_file):
    from launch.launch_description_sources import get_launch_description_from_python_launch_file

    description = get_launch_description_from_python_launch_file(str(launch_file))
    arguments = {argument.name: argument for argument in description.get_launch_arguments()}
    assert {"workflow", "place", "set", "namespace", "params_file", "seed", "inference",
            "save_checkpoint_dir", "load_checkpoint_dir", "use_sim_time", "respawn",
            "log_level"} <= set(arguments)
    assert [name for name, each in arguments.items() if each.default_value is None] == [
        "workflow"]
    assert all(len(argument.description) > 20 for argument in arguments.values())


def test_one_node_action_a_process(nodes_of, cartpole):
    found = nodes_of(place="split", set="1.num_envs=8")
    said = [words(node) for node in found]
    assert [line[line.index("--process") + 1] for line in said] == [
        "isaac_gym_env_1", "or_2", "ppo_agent_3", "cartpole_action_5", "ppo_trainer_6",
        "display_7"]
    for node, line in zip(found, said):
        assert node.node_package == "dnne_ros" and node.node_executable == "graph_host"
        assert node.expanded_node_namespace == "/cartpole_ppo"
        assert line[1:3] == [str(cartpole), "--set=1.num_envs=8"]
        assert line[line.index("--log-level") + 1] == "info"
    assert len({line[line.index("--run-id") + 1] for line in said}) == 1


def test_it_composes(nodes_of):
    from launch_ros.actions import PushRosNamespace, SetRemap

    [node] = nodes_of(PushRosNamespace("robot1"), SetRemap("a", "b"), namespace="left",
                      remap="ppo_trainer_6/loss:=/loss")
    assert node.expanded_node_namespace == "/robot1/left/cartpole_ppo"
    assert node.expanded_remapping_rules == [("a", "b"), ("ppo_trainer_6/loss", "/loss")]


def test_parameters_reach_every_process(nodes_of, parameter_file):
    path = parameter_file("/**: {ros__parameters: {learning_rate: 1e-3}}")
    for node in nodes_of(place="split", params_file=str(path), use_sim_time="true"):
        line = words(node)
        files = [line[at + 1] for at, word in enumerate(line) if word == "--params-file"]
        assert len(files) == 2 and files[1] == str(path)
        assert "use_sim_time: true" in Path(files[0]).read_text(encoding="utf-8")


@pytest.mark.parametrize("said, expected", [(None, "LOCALHOST"), ("SUBNET", None)])
def test_discovery_is_local_unless_the_user_says_otherwise(nodes_of, monkeypatch, said, expected):
    name = "ROS_AUTOMATIC_DISCOVERY_RANGE"
    monkeypatch.delenv(name) if said is None else monkeypatch.setenv(name, said)
    [node] = nodes_of()
    added = {key[0].text: value[0].text for key, value in node.additional_env or ()}
    assert added.get(name) == expected


class Event:
    """What launch tells about a process that has ended."""

    pid = 2**22 + 1  # nobody's

    def __init__(self, returncode):
        self.returncode = returncode


class Processes:
    """Plays launch for the processes of a graph."""

    def __init__(self, request):
        from launch import LaunchContext

        from dnne_ros.launching.graph_processes import GraphProcesses

        self.context = LaunchContext()
        self.context._set_asyncio_loop(asyncio.new_event_loop())
        self.graph = GraphProcesses(request, {})
        self.graph.start()

    def exit(self, process, code):
        return [type(action).__name__
                for action in self.graph._on_exit(process, Event(code), self.context)]


@pytest.fixture
def processes(cartpole, monkeypatch, ament_prefix):
    """Start the pretended processes of a request."""
    from dnne_ros.launching.arguments import ARGUMENTS
    from dnne_ros.launching.request import LaunchRequest

    monkeypatch.setenv("AMENT_PREFIX_PATH", str(ament_prefix))

    def start(**given):
        values = {argument.name: argument.default for argument in ARGUMENTS}
        return Processes(LaunchRequest.read({**values, "workflow": str(cartpole), **given}))
    return start


def test_a_failed_process_ends_the_launch_by_name(processes):
    from dnne_ros.errors import PeerError

    with pytest.raises(PeerError, match=(
            r"process ppo_agent_3 was killed by SIGKILL \(nodes /cartpole_ppo/ppo_agent_3\)")):
        processes(place="split").exit("ppo_agent_3", -9)


def test_a_run_that_is_over_ends_the_launch_when_all_have_left(processes):
    run = processes(place="split")
    *first, last = run.graph._request.placement.processes
    assert [run.exit(name, 0) for name in first] == [["TimerAction"]] * len(first)
    assert run.exit(last, 0) == ["Shutdown"]


def test_a_killed_process_with_which_nothing_is_lost_comes_back_alone(processes):
    from launch_ros.actions import Node

    run = processes(place="split", respawn="true")
    before = words(run.graph._running["cartpole_action_5"])
    for _ in range(10):
        _, again = run.graph._on_exit("cartpole_action_5", Event(-9), run.context)
        assert isinstance(again, Node) and words(again) == before
    assert run.exit("cartpole_action_5", -9) == ["EmitEvent"] * 5


def test_respawn_starts_the_whole_graph_again(processes):
    run = processes(place="split", respawn="true")
    *others, last = (name for name in run.graph._request.placement.processes
                     if name != "ppo_agent_3")
    assert run.exit("ppo_agent_3", -9) == ["EmitEvent"] * 5
    assert [run.exit(name, -15) for name in others] == [[]] * len(others)
    assert run.exit(last, 0) == ["TimerAction"]
    run.graph.start()
    assert run.exit("or_2", 1) == ["EmitEvent"] * 5


def test_a_host_starts_its_own_processes_with_the_key_of_all(nodes_of, tmp_path, monkeypatch):
    monkeypatch.delenv("ROS_AUTOMATIC_DISCOVERY_RANGE")
    place, key = tmp_path / "place.json", tmp_path / "run.key"
    place.write_text('{"hosts": {"robot": [1, 4], "desk": [2, 3, 5, 6, 7]}}')
    key.write_text("5a" * 32)
    key.chmod(0o600)
    node, = nodes_of(place=str(place), host="desk", key_file=str(key))
    line = words(node)
    assert line[line.index("--process") + 1] == "desk" and f"--key-file={key}" in line
    environment = {name[0].text: value[0].text for name, value in node.additional_env}
    assert environment["DNNE_ROS_RUN_KEY"] == "5a" * 32
    assert environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SUBNET"
