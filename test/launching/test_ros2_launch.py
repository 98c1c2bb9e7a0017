"""Runs the ``ros2 launch`` command as a user does, where it is installed."""

import shutil
import sys

import psutil
import pytest
from commands import Command

rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("ros2launch", reason="ros2launch comes with a ROS 2 installation")

from rcl_interfaces.srv import GetParameters  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.signals import SignalHandlerOptions  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from std_msgs.msg import Float64, Float64MultiArray  # noqa: E402

pytestmark = pytest.mark.slow

ROS2 = [sys.executable, "-c", "import sys; from ros2cli.cli import main; sys.exit(main())"]
SMALL = "set:=1.num_envs=16;6.horizon_length=8"
"""Few environments and short rollouts: something is learned, and so to be saved, at once."""


class Launch(Command):
    """A ``ros2 launch`` in the background."""

    def __init__(self, arguments, environment, folder):
        super().__init__(ROS2, ["launch", *arguments], folder, environment)
        self.seen = {}

    def hosts(self):
        """Return the running processes of graphs, by namespace and name of the process."""
        found = {}
        for process_id in self.family()[1:]:
            child = psutil.Process(process_id)
            line = child.cmdline()
            if "dnne_ros.hosting.host" in line and "--process" in line:
                namespace = next(w for w in line if w.startswith("__ns:=")).partition(":=")[2]
                found[namespace, line[line.index("--process") + 1]] = child
        self.seen.update({child.pid: child for child in found.values()})
        return found

    def leftover(self):
        """Return the processes of graphs that outlived the launch."""
        return [child for child in self.seen.values() if child.is_running()]

    def kill(self):
        """End whatever is left."""
        super().kill()
        for child in self.leftover():
            child.kill()


@pytest.fixture
def launch(launch_environment, launch_file, cartpole, tmp_path):
    """Start a launch of the Cartpole workflow, or of another launch file."""
    running = []

    def launch(*arguments, file=launch_file):
        words = [str(file), *arguments] if file != launch_file else [
            str(file), f"workflow:={cartpole}", SMALL, *arguments]
        running.append(Launch(words, launch_environment, tmp_path))
        return running[-1]
    yield launch
    for each in running:
        each.kill()


class Listener:
    """A plain rclpy node that looks at a graph from outside."""

    def __init__(self, node, executor):
        self.node = node
        self._executor = executor

    def hear(self, launched, *topics, message_type=Float64):
        """Wait for a message on each of ``topics``."""
        heard = set()
        subscriptions = [self.node.create_subscription(
            message_type, topic, lambda message, topic=topic: heard.add(topic), 10)
            for topic in topics]
        self.spin_until(lambda: heard == set(topics), launched)
        for subscription in subscriptions:
            self.node.destroy_subscription(subscription)

    def parameter(self, launched, node, name):
        """Ask ``node`` for the value of an integer parameter."""
        client = self.node.create_client(GetParameters, f"{node}/get_parameters")
        self.spin_until(client.service_is_ready, launched)
        answer = client.call_async(GetParameters.Request(names=[name]))
        self.spin_until(answer.done, launched)
        self.node.destroy_client(client)
        return answer.result().values[0].integer_value

    def spin_until(self, ready, launched):
        def spun_until_ready():
            self._executor.spin_once(timeout_sec=0.1)
            return ready()

        launched.until(spun_until_ready, "what the graph says")


@pytest.fixture(scope="module")
def listener():
    """Give a listener."""
    context = rclpy.Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node("listener", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    yield Listener(node, executor)
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown(context=context)


SCORE = "/cartpole_ppo/ppo_trainer_6/mean_return"


@pytest.mark.parametrize("place", ["fused", "split"])
def test_ctrl_c_saves_and_leaves_no_process(launch, listener, tmp_path, place):
    run = launch(f"place:={place}", "save_checkpoint_dir:=saved")
    listener.hear(run, SCORE)
    assert len(run.hosts()) == (1 if place == "fused" else 6)
    run.interrupt()
    assert run.wait() == 0, run.output
    assert not run.leftover()
    assert (tmp_path / "saved" / "checkpoint.json").is_file(), run.output
    assert "Traceback" not in run.output


def test_a_killed_process_ends_the_launch(launch, listener):
    run = launch("place:=split")
    listener.hear(run, SCORE)
    run.hosts()["/cartpole_ppo", "ppo_agent_3"].kill()
    assert run.wait() == 1
    assert not run.leftover()
    assert "process ppo_agent_3 was killed by SIGKILL" in run.output


def test_killed_processes_respawn_when_asked(launch, listener):
    run = launch("place:=split", "respawn:=true")
    listener.hear(run, SCORE)
    first = run.hosts()
    stateless = "/cartpole_ppo", "cartpole_action_5"
    first[stateless].kill()
    run.until(lambda: not first[stateless].is_running(), "its end")
    listener.spin_until(lambda: stateless in run.hosts(), run)
    listener.hear(run, SCORE)
    second = run.hosts()
    assert {name for name in first if first[name] != second[name]} == {stateless}
    second["/cartpole_ppo", "ppo_agent_3"].kill()
    run.until(lambda: not any(child.is_running() for child in second.values()), "their end")
    listener.hear(run, SCORE)
    third = run.hosts()
    assert set(third) == set(first)
    assert not {child.pid for child in third.values()} & {c.pid for c in second.values()}


def test_a_run_that_is_over_ends_the_launch(launch):
    run = launch("place:=split", "until_return:=5")
    assert run.wait() == 0, run.output
    assert not run.leftover()
    assert "Traceback" not in run.output


def test_parameters_and_remappings_reach_the_nodes(launch, listener, parameter_file):
    path = parameter_file("/**/isaac_gym_env_1: {ros__parameters: {num_envs: 3}}")
    run = launch("namespace:=robot1", "remap:=ppo_trainer_6/mean_return:=/score",
                 f"params_file:={path}", "use_sim_time:=true")
    listener.hear(run, "/score")
    listener.hear(run, "/clock", message_type=Clock)
    assert listener.parameter(run, "/robot1/cartpole_ppo/isaac_gym_env_1", "num_envs") == 3


TWO_COPIES = """
from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import PushRosNamespace, SetRemap


def copy(namespace, **arguments):
    return GroupAction([
        PushRosNamespace(namespace),
        SetRemap("ppo_trainer_6/mean_return", f"/scores/{namespace}"),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource("LAUNCH_FILE"),
            launch_arguments={"workflow": "WORKFLOW", "set": "1.num_envs=16",
                              **arguments}.items()),
    ])


def generate_launch_description():
    return LaunchDescription([copy("left"), copy("right", place="split", seed="2")])
"""


def test_two_copies_side_by_side(launch, listener, tmp_path, launch_file, cartpole):
    file = tmp_path / "two.launch.py"
    file.write_text(TWO_COPIES.replace("LAUNCH_FILE", str(launch_file))
                    .replace("WORKFLOW", str(cartpole)))
    run = launch(file=file)
    listener.hear(run, "/scores/left", "/scores/right")
    assert sorted(namespace for namespace, _ in run.hosts()) == [
        "/left/cartpole_ppo", *["/right/cartpole_ppo"] * 6]
    run.interrupt()
    assert run.wait() == 0, run.output
    assert not run.leftover()


def test_bad_input_starts_nothing(launch, parameter_file):
    path = parameter_file("/**: {ros__parameters: {warp: 9}}")
    run = launch("set:=99.x=1;6.gamma=much", "seed:=x", f"params_file:={path}",
                 "namespace:=1st")
    assert run.wait() == 1
    assert run.output.count("[ERROR]") == 1
    for text in ("seed:=x", "namespace:=1st", "no node '99'", "6.gamma=much"):
        assert text in run.output
    assert "process started" not in run.output and "Traceback" not in run.output


def test_show_args(launch):
    run = launch("--show-args")
    assert run.wait() == 0
    for name in ("workflow", "place", "set", "respawn", "params_file", "absent_after"):
        assert f"'{name}':" in run.output


def test_a_policy_on_a_robot_s_topics(launch, listener, repository, tmp_path):
    trained = launch("save_checkpoint_dir:=saved", "until_return:=1")
    assert trained.wait() == 0, trained.output
    run = launch(f"load_checkpoint_dir:={tmp_path / 'saved'}", "joint_states:=/robot/joints",
                 "commands:=/robot/efforts",
                 file=repository / "launch" / "cartpole_on_robot.launch.py")
    commands = []
    joints = listener.node.create_publisher(JointState, "/robot/joints", 1)
    listener.node.create_subscription(Float64MultiArray, "/robot/efforts", commands.append, 10)

    def commanded():
        joints.publish(JointState(name=["cart_to_pole", "slider_to_cart"],
                                  position=[0.1, 0.0], velocity=[0.0, 0.0]))
        return commands

    listener.spin_until(commanded, run)
    assert len(commands[0].data) == 1 and abs(commands[0].data[0]) <= 10.0
    run.interrupt()
    assert run.wait() == 0, run.output
    assert not run.leftover()


MANAGED = """
from launch import LaunchDescription
from launch.actions import EmitEvent, ExecuteProcess, RegisterEventHandler
from launch.events import matches_action
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition


def generate_launch_description():
    words = ["WORKFLOW", "--place", "split", "--lifecycle"]
    first = LifecycleNode(
        package="dnne_ros", executable="graph_host", name="walker", namespace="/cartpole_onnx",
        arguments=[*words, "--process", "ros_subscriber_1"], output="screen")
    others = [Node(package="dnne_ros", executable="graph_host", namespace="/cartpole_onnx",
                   arguments=[*words, "--process", process], output="screen")
              for process in ("onnx_policy_2", "robot_controller_3")]

    def change(transition):
        return EmitEvent(event=ChangeState(
            lifecycle_node_matcher=matches_action(first), transition_id=transition))

    return LaunchDescription([
        first, *others,
        RegisterEventHandler(OnStateTransition(
            target_lifecycle_node=first, goal_state="inactive", start_state="configuring",
            entities=[change(Transition.TRANSITION_ACTIVATE)])),
        RegisterEventHandler(OnStateTransition(
            target_lifecycle_node=first, goal_state="active",
            entities=[ExecuteProcess(cmd=["sh", "-c", "echo the walker walks; exec cat"],
                                     output="screen")])),
        change(Transition.TRANSITION_CONFIGURE),
    ])
"""


def test_launch_s_lifecycle_node_drives_a_split_graph(launch, repository, tmp_path):
    shutil.copytree(repository / "docs/examples/cartpole_policy",
                    tmp_path / "docs/examples/cartpole_policy")
    file = tmp_path / "managed.launch.py"
    file.write_text(MANAGED.replace(
        "WORKFLOW", str(repository / "docs/examples/cartpole_onnx.json")))
    run = launch(file=file)
    run.until(lambda: "the walker walks" in run.output, "what follows the activation")
    run.interrupt()
    assert run.wait() == 0, run.output
    assert not run.leftover()


OTHERS = """
from launch import LaunchDescription
from launch.actions import ExecuteProcess, IncludeLaunchDescription, RegisterEventHandler
from launch.launch_description_sources import PythonLaunchDescriptionSource
from dnne_ros.launching.events import OnGraphRuns


def generate_launch_description():
    return LaunchDescription([
        RegisterEventHandler(OnGraphRuns(
            [ExecuteProcess(cmd=["sh", "-c", "echo the others start; exec cat"], output="screen")],
            namespace="/robot1/cartpole_ppo")),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource("LAUNCH_FILE"),
            launch_arguments={"workflow": "WORKFLOW", "set": "1.num_envs=16",
                              "namespace": "robot1", "place": "split",
                              "log_level": "info;ppo_agent_3:=debug"}.items()),
    ])
"""


def test_others_start_when_the_graph_runs(launch, tmp_path, launch_file, cartpole):
    file = tmp_path / "others.launch.py"
    file.write_text(OTHERS.replace("LAUNCH_FILE", str(launch_file))
                    .replace("WORKFLOW", str(cartpole)))
    run = launch(file=file)
    run.until(lambda: "the others start" in run.output, "what waits for the graph")
    assert run.output.index("/robot1/cartpole_ppo is running") < run.output.index(
        "the others start")
    run.interrupt()
    assert run.wait() == 0, run.output
