"""Every block of the page about robots' stacks, as printed, in an empty folder."""

import ast
import importlib.util
import json
import os
import re
import shlex
import shutil

import pytest
import yaml
from snippets import blocks
from workspace import Workspace

pytest.importorskip("rclpy")
pytestmark = pytest.mark.slow

CHAPTER = re.compile(r"^## (.+)$", re.MULTILINE)
STANDS_IN = "stand_in_robot.py"


def installed(*modules):
    return all(importlib.util.find_spec(module) for module in modules)


def chapters(page):
    """The blocks of the beginning, and those of each chapter by its title."""
    first, *rest = CHAPTER.split(page.read_text(encoding="utf-8"))
    return list(blocks(first)), {title: list(blocks(text)) for title, text in
                                 zip(rest[::2], rest[1::2], strict=True)}


def commands(script):
    """The lines of a block of commands, as words."""
    for line in script.replace("\\\n", " ").splitlines():
        yield line, shlex.split(line.removesuffix("&"))


class Reader:
    """Does what the page says; what it starts goes on until something takes its place."""

    def __init__(self, folder, ros_loop, start_command, run_words, repository):
        self.folder = folder
        self.loop = ros_loop
        self.node = ros_loop.node("reader")
        self.robot = self.graph = None
        self._heard = 0
        self._start, self._run_words = start_command, run_words
        self._repository = repository
        self._calls = {"mkdir": self._mkdir, "cd": self._cd, "python": self._python,
                       "dnne-ros": self._dnne_ros, "colcon": self._colcon, "ros2": self._ros2}

    def follow(self, page_blocks, expected):
        """Save files and run commands; ``expected`` is what is to be seen behind each line."""
        for name, content in page_blocks:
            if name:
                (self.folder / name).write_text(content, encoding="utf-8")
                continue
            for line, words in commands(content):
                self._heard = len(self.robot.output) if self.robot is not None else 0
                self._calls[words[0]](words[1:])
                expected.pop(line.split("   ")[0].strip(), lambda reader: None)(self)
        self.end_graph()
        assert not expected, "the page has no such lines any more"

    def says(self, text):
        """Wait until the robot says something that it had not said before the last line."""
        self.robot.until(lambda: text in self.robot.output[self._heard:], text,
                         others=[self.graph])

    def end_graph(self):
        """Press Ctrl-C where the graph runs."""
        if self.graph is not None:
            self.graph.interrupt()
            assert self.graph.wait() == 130, self.graph.said()
            assert "Traceback" not in self.graph.said()
        self.graph = None

    def _mkdir(self, words):
        (self.folder / words[-1]).mkdir(parents=True)

    def _cd(self, words):
        self.folder /= words[0]
        shutil.copy(self._repository / "docs/examples" / STANDS_IN, self.folder)

    def _python(self, words):
        self.robot = self._start(self.folder / words[0], *words[1:], folder=self.folder)

    def _dnne_ros(self, words):
        self.end_graph()
        missing = [package for word, package in NEEDS.items()
                   if word in words and not installed(package)]
        command = self._start("dnne_ros", *words, folder=self.folder)
        if missing:
            assert command.wait() == 2 and "apt install ros-" in command.output, command.said()
        elif words[0] == "run":
            self.graph = command
        else:
            assert command.wait() == 0, command.said()

    def _colcon(self, words):
        if installed("colcon_core", "colcon_ros"):
            Workspace(self.folder, [self._repository], self._run_words).colcon(*words)

    def _ros2(self, words):
        """Let the real command do it, or its own services and topics."""
        if installed("ros2cli"):
            for _ in range(MOST_TRIES):
                done = self._run_words("ros2", *words, folder=self.folder)
                if done.returncode == 0:
                    return
            raise AssertionError(done.said())
        self.loop.run(AS_ROS2[tuple(words[:2])](self, *words[2:]), self.graph)

    async def ask(self, kind, service, request):
        client = self.node.create_client(kind, service)
        await self.loop.until(client.service_is_ready)
        answered = client.call_async(request)
        await self.loop.until(answered.done)
        self.node.destroy_client(client)
        return answered.result()

    async def hear(self, option, topic):
        """Do as `ros2 topic echo --once`: take the type from whoever publishes."""
        from dnne_ros.messages.message_types import message_class

        assert option == "--once"
        heard = []
        await self.loop.until(lambda: self.node.get_publishers_info_by_topic(topic))
        kind = message_class(self.node.get_publishers_info_by_topic(topic)[0].topic_type)
        listening = self.node.create_subscription(kind, topic, heard.append, 10)
        await self.loop.until(lambda: heard)
        self.node.destroy_subscription(listening)

    async def set_parameter(self, node, name, value):
        from rcl_interfaces.srv import SetParameters
        from rclpy.parameter import Parameter

        wanted = Parameter(name, value=ast.literal_eval(value)).to_parameter_msg()
        done = await self.ask(SetParameters, f"{node}/set_parameters",
                              SetParameters.Request(parameters=[wanted]))
        assert done.results[0].successful, done.results[0].reason

    async def transition(self, node, label):
        from lifecycle_msgs.srv import ChangeState

        request = ChangeState.Request()
        request.transition.label = label
        assert (await self.ask(ChangeState, f"{node}/change_state", request)).success


MOST_TRIES = 5
"""A daemon that has just been started has not heard of all nodes yet."""
AS_ROS2 = {("topic", "echo"): Reader.hear, ("param", "set"): Reader.set_parameter,
           ("lifecycle", "set"): Reader.transition}
NEEDS = {"trajectory.json": "control_msgs", "1.frame=base_link": "tf2_py"}
"""Words of a command that need a package which is in no wheel."""
CHAPTERS = {
    "An arm": {
        "dnne-ros run arm.json --nodes reach.py":
            lambda reader: reader.says("the arm is where it was to be"),
        "ros2 param set /arm/reach_2 target 0.3":
            lambda reader: reader.loop.run(joints_at(reader, 0.3), reader.graph, reader.robot),
        "dnne-ros run trajectory.json --nodes reach.py":
            lambda reader: reader.graph and reader.says("the arm is where it was to be"),
        "colcon build --base-paths src": lambda reader: built(reader.folder),
    },
    "A mobile base": {
        "dnne-ros run base.json --nodes avoid.py":
            lambda reader: reader.says("the base stands 0.7 m before the wall"),
        "dnne-ros run base.json --nodes avoid.py --set 1.frame=base_link":
            lambda reader: reader.graph and reader.says("the base stands 0.5 m before the wall"),
        "dnne-ros run base.json --nodes avoid.py --lifecycle":
            lambda reader: reader.graph.until(
                lambda: "ros2 lifecycle set /base/lifecycle configure" in reader.graph.output),
        "ros2 lifecycle set /base/lifecycle activate":
            lambda reader: reader.says("the base stands"),
        "ros2 lifecycle set /base/lifecycle deactivate":
            lambda reader: reader.says("nobody drives the base"),
    },
    "A simulation": {
        "dnne-ros run base.json --nodes avoid.py --set 1.rate=5 --ros-args -p use_sim_time:=true":
            lambda reader: (reader.says("the base stands 0.7 m before the wall"),
                            few_commands(reader.robot)),
    },
    "What was run": {},
}


async def joints_at(reader, position):
    from rclpy.qos import qos_profile_sensor_data
    from sensor_msgs.msg import JointState

    last = []
    reader.node.create_subscription(
        JointState, "/joint_states", lambda message: last.append(message.position),
        qos_profile_sensor_data)
    await reader.loop.until(
        lambda: last and all(abs(each - position) < 0.01 for each in last[-1]))


def built(workspace):
    assert (workspace / "src/arm/launch/arm.launch.py").is_file()
    if installed("colcon_core", "colcon_ros"):
        assert os.access(workspace / "install/arm/lib/arm/host", os.X_OK)


def few_commands(robot):
    """Five a second of the robot's time, which is five times as fast as ours."""
    robot.interrupt()
    robot.wait()
    said = re.search(r"(\d+) commands in ([\d.]+) s", robot.output)
    assert 1 < int(said[1]) <= 5 * float(said[2]) + 2, robot.output


@pytest.fixture
def reader(tmp_path, ros_loop, start_command, run_words, repository):
    """Give somebody who reads the page; what he has started is killed at the end."""
    made = Reader(tmp_path, ros_loop, start_command, run_words, repository)
    yield made
    for command in (made.graph, made.robot):
        if command is not None:
            command.kill()
    if installed("ros2cli"):
        run_words("ros2", "daemon", "stop")


@pytest.fixture
def page(repository):
    return repository / "docs/robot_stack.md"


def test_each_chapter_is_expected_to_do_something(page):
    assert list(chapters(page)[1]) == list(CHAPTERS)


@pytest.mark.parametrize("title", [title for title, lines in CHAPTERS.items() if lines])
def test_a_chapter_works_as_printed(reader, page, title):
    first, rest = chapters(page)
    reader.follow(first, {})
    for earlier in list(rest)[:list(rest).index(title)]:  # whose files it may use
        reader.follow([block for block in rest[earlier] if block[0]], {})
    reader.follow(rest[title], dict(CHAPTERS[title]))


def test_parameters_of_others_are_those_of_the_graphs(page):
    files = {name: content for some in chapters(page)[1].values() for name, content in some}
    controller = json.loads(files["arm.json"])["3"]["inputs"]
    parameters = yaml.safe_load(files["controllers.yaml"])
    name = controller["topic"].strip("/").removesuffix("/commands")
    assert parameters["controller_manager"]["ros__parameters"][name]["type"] == \
        "forward_command_controller/ForwardCommandController"
    assert parameters[name]["ros__parameters"] == {
        "joints": controller["joint_names"].split(","),
        "interface_name": controller["control_type"]}
    managed = yaml.safe_load(files["manager.yaml"])["lifecycle_manager"]["ros__parameters"]
    assert managed["node_names"] == ["base/lifecycle"]  # where the chapter's own lines find it
