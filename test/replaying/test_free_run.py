"""Graphs that hear bags of other programs."""

import json
import math

import pytest

pytest.importorskip("mcap")
pytest.importorskip("rosbags")
from rclpy.serialization import serialize_message
from rosbags import rosbag2
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import JointState

from dnne_ros.cli.main import main

TYPES = '''
"""Writes down what comes."""
import json
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int, JointState, Tensor
from dnne_ros.node_api.ports import Input
from dnne_ros.node_api.widget import Widget


class WriteDown(Node):
    """Append each item to a file."""

    value = Input(Tensor(), "Numbers.", optional=True)
    stamp = Input(Int(), "When.", optional=True)
    joints = Input(JointState(), "Joints.", optional=True, external=True)
    file = Widget("", "The file.")

    async def process(self):
        with open(self.file, "a") as file:
            while True:
                if self.context.is_linked("value"):
                    value = (await self.get_input("value")).tolist()
                    stamp = await self.get_input("stamp")
                    said = [value, stamp]
                else:
                    joints = await self.get_input("joints")
                    said = [list(joints.names), joints.position.tolist()]
                file.write(json.dumps(said) + "\\n")
                file.flush()
'''
COUNT, BEGIN = 300, 1_700_000_000_000_000_000
STEP, DELAY = 2_000_000, 300_000


@pytest.fixture(scope="module", params=["SQLITE3", "MCAP"])
def bag(request, tmp_path_factory):
    """A bag of joint states at 500 Hz, and of text that nobody hears."""
    path = tmp_path_factory.mktemp("bag") / "bag"
    store = get_typestore(Stores.ROS2_HUMBLE)
    with rosbag2.Writer(path, version=9,
                        storage_plugin=rosbag2.StoragePlugin[request.param]) as writer:
        joints = writer.add_connection("/joint_states", "sensor_msgs/msg/JointState",
                                       typestore=store)
        text = writer.add_connection("/chatter", "std_msgs/msg/String", typestore=store)
        other = writer.add_connection("/graph/write_down_1/joints", "sensor_msgs/msg/JointState",
                                      typestore=store)
        writer.write(other, BEGIN + 5, serialize_message(JointState(name=["c"], position=[3.0])))
        for number in range(COUNT):
            message = JointState(name=["a", "b"], position=[float(number), math.sin(number)])
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(
                BEGIN + number * STEP - DELAY, 10**9)
            writer.write(joints, BEGIN + number * STEP, serialize_message(message))
            writer.write(text, BEGIN + number * STEP, b"\0\1\0\0\1\0\0\0\0")
    return path


def run(folder, bag, graph, *arguments):
    (folder / "types.py").write_text(TYPES)
    (folder / "graph.json").write_text(json.dumps(graph))
    return main(["replay", str(bag), "--workflow", str(folder / "graph.json"), "--node-types",
                 str(folder / "types.py"), *arguments])


def graph(folder, **widgets):
    return {"1": {"class_type": "RosSubscriberNode", "inputs": {
                "names": "b,a", "batch": False, "stamp_from": "header", **widgets}},
            "2": {"class_type": "WriteDown", "inputs": {
                "value": ["1", 0], "stamp": ["1", 3], "file": str(folder / "heard")}}}


def heard(folder):
    return [json.loads(line) for line in (folder / "heard").read_text().splitlines()]


def test_each_message_comes_to_the_subscriber(bag, tmp_path, capsys):
    assert run(tmp_path, bag, graph(tmp_path), "--rate", "max") == 0
    assert f"{COUNT} messages of /joint_states" in capsys.readouterr().out
    found = heard(tmp_path)
    assert [value for value, _ in found] == [
        pytest.approx([math.sin(number), number], abs=1e-6) for number in range(COUNT)]
    assert [stamp for _, stamp in found] == [
        BEGIN + number * STEP - DELAY for number in range(COUNT)]


def test_time_is_that_of_the_bag(bag, tmp_path):
    # What comes later than a second after it was measured is dropped, by the time of the bag.
    assert run(tmp_path, bag, graph(tmp_path, timeout=1.0), "--rate", "max") == 0
    assert len(heard(tmp_path)) == COUNT


def test_it_ends_when_it_is_told_to(bag, tmp_path):
    assert run(tmp_path, bag, graph(tmp_path), "--rate", "max", "--until", "0.1") == 0
    assert len(heard(tmp_path)) == 51


def test_inputs_without_a_link_hear_it_too(bag, tmp_path):
    one = {"1": {"class_type": "WriteDown", "inputs": {"file": str(tmp_path / "heard")}}}
    assert run(tmp_path, bag, one, "--rate", "max") == 0
    assert heard(tmp_path) == [[["c"], [3.0]]]


@pytest.mark.parametrize(("widgets", "arguments", "expected"), [
    ({"topic": "/joints"}, (), "expected the topic /joints (sensor_msgs/msg/JointState), found "
                               "/chatter (std_msgs/msg/String), /graph/"),
    ({"topic": "/chatter"}, (), "topic /chatter: expected sensor_msgs/msg/JointState, found "
                                "std_msgs/msg/String"),
    ({}, ("--check",), "expected a recording of `dnne-ros run --record`, found a bag"),
])
def test_what_does_not_fit_is_told(bag, tmp_path, capsys, widgets, arguments, expected):
    assert run(tmp_path, bag, graph(tmp_path, **widgets), *arguments) == 2
    assert expected in capsys.readouterr().err


def test_a_bag_alone_is_no_graph(bag, capsys):
    assert main(["replay", str(bag)]) == 2
    assert "expected --workflow" in capsys.readouterr().err


def test_a_graph_that_hears_nothing_is_refused(bag, cartpole, capsys):
    assert main(["replay", str(bag), "--workflow", str(cartpole), "--set", "1.num_envs=2"]) == 2
    assert "expected a graph with a node that listens" in capsys.readouterr().err
