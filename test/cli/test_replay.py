"""Replays of nodes that go by time, chance of arrival and parameters; and what others see."""

import json
from collections import defaultdict

import pytest

pytest.importorskip("mcap")
from mcap.reader import make_reader
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Int64

from dnne_ros.cli.main import main

TYPES = '''
"""Nodes whose outputs depend on more than the items that they are given."""
import asyncio
import time
from itertools import count

import torch

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, Float, Int, String
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.transport.policy import EdgePolicy


class Ticker(Node):
    """Say what the clock shows, at a rate."""

    tick = Output(Int(), "The time, ns.")

    async def process(self):
        due = self.context.clock.now_ns()
        while True:
            due += 2_000_000
            await self.context.clock.sleep_until(due)
            await self.send_output(self.context.clock.now_ns(), "tick")


class Batcher(Node):
    """Add up what has come; some is overtaken."""

    value = Input(Int(), "A number.", policy=EdgePolicy.DROP_OLDEST)
    total = Output(Int(), "The sum.")
    scale = Widget(1, "A factor.", live=True)

    async def process(self):
        while True:
            batch = await self.get_batch("value", 4, 0.003)
            await self.send_output(sum(batch) * self.scale + len(batch), "total")


class Patient(Node):
    """Say what has come, or that nothing has."""

    value = Input(Int(), "A number.", policy=EdgePolicy.LATEST)
    urgent = Input(Int(), "Numbers, the least first.", priority=lambda value: value % 7)
    text = Output(String(), "What came.")

    async def process(self):
        for _ in range(10**9):
            try:
                said = f"value {await self.get_input('value', 0.001)}"
            except TimeoutError:
                said = "nothing"
            await self.send_output(f"{said}, urgent {await self.get_input('urgent')}", "text")


class Restless(Node):
    """Have always something to do."""

    value = Input(Int(), "A number.", policy=EdgePolicy.LATEST)

    async def process(self):
        await self.get_input("value")
        while True:
            await asyncio.sleep(0.01)


class Halting(Node):
    """Act, and be silent now and then; work so long that others are due meanwhile."""

    action = Output(Action(), "What to command.")

    async def process(self):
        for step in count(1):
            await self.context.steady.sleep(0.005 if step % 7 else 0.06)
            time.sleep(0.004)
            await self.send_output(torch.full((1, 2), float(step % 3)), "action")
'''
GRAPH = {"1": {"class_type": "Ticker", "inputs": {}},
         "2": {"class_type": "Batcher", "inputs": {"value": ["1", 0]}},
         "3": {"class_type": "Patient", "inputs": {"value": ["2", 0], "urgent": ["1", 0]}},
         "4": {"class_type": "Restless", "inputs": {"value": ["1", 0]}},
         "5": {"class_type": "Halting", "inputs": {}},
         "6": {"class_type": "RobotController", "inputs": {
             "action": ["5", 0], "num_joints": 2, "max_change": "1.0", "timeout": 0.02}}}


@pytest.fixture
def graph(tmp_path):
    """Return the words that name the graph."""
    (tmp_path / "types.py").write_text(TYPES)
    (tmp_path / "graph.json").write_text(json.dumps(GRAPH))
    return tmp_path / "graph.json", "--nodes", tmp_path / "types.py"


def replay(*arguments):
    return main(["replay", *map(str, arguments)])


def messages(path):
    found = defaultdict(list)
    with path.open("rb") as file:
        for _, channel, message in make_reader(file).iter_messages(log_time_order=False):
            found[channel.topic].append(message)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("place", ["fused", "split"])
def test_time_arrival_and_parameters_are_those_of_the_recording(
        start_run, ros_loop, graph, place, tmp_path, capsys):
    path = tmp_path / "run.mcap"
    run = start_run(*graph, "--place", place, "--record", path)
    totals = []
    node = ros_loop.node("listener")
    node.create_subscription(Int64, "/graph/batcher_2/total", totals.append, 100)
    client = node.create_client(SetParameters, "/graph/batcher_2/set_parameters")

    async def change():
        await ros_loop.until(lambda: totals and client.service_is_ready())
        for scale in (-1000, 77):
            asked = client.call_async(SetParameters.Request(parameters=[Parameter(
                name="scale", value=ParameterValue(type=2, integer_value=scale))]))
            await ros_loop.until(asked.done)
            assert asked.result().results[0].successful
            heard = len(totals)
            await ros_loop.until(lambda heard=heard: len(totals) > heard + 50)

    ros_loop.run(change(), run)
    run.interrupt()
    assert run.wait() == 130, run.output
    found = messages(path)
    assert len(found["/graph/batcher_2/_parameters"]) == 2
    code = replay(path, "--check", "--nodes", "all", "--node-types", graph[2], "--report",
                  tmp_path / "r.json")
    said = capsys.readouterr()
    assert code == 0, said.out + said.err
    compared = {f"{each['node']}/{each['port']}": each["compared"]
                for each in json.loads((tmp_path / "r.json").read_text())["outputs"]}
    assert compared.keys() == {
        "ticker_1/tick", "batcher_2/total", "patient_3/text", "halting_5/action",
        *(f"robot_controller_6/{port}" for port in ("joint_commands", "status", "restart"))}
    for name, count in compared.items():
        assert count == len(found[f"/graph/{name}"])
        assert count > (0 if name.endswith("/restart") else 50), name
    for part in (("--until", "0.7s"), ("--rate", "5")):
        assert replay(path, "--check", "--nodes", "all", "--node-types", graph[2], *part) == 0, \
            capsys.readouterr().out


@pytest.mark.slow
def test_others_see_a_replay(start_run, start_command, ros_loop, graph, tmp_path):
    path = tmp_path / "run.mcap"
    run = start_run(*graph, "--record", path)
    run.until(lambda: path.exists() and path.stat().st_size > 2**14, "a chunk")
    run.interrupt()
    assert run.wait() == 130, run.output
    found = messages(path)
    ticks = [message.data for message in found["/graph/ticker_1/tick"]]
    totals = [message.data for message in found["/graph/batcher_2/total"]]
    times = [each.log_time for topic in found.values() for each in topic]
    heard = {"ticker_1/tick": [], "batcher_2/total": []}
    clock = []
    node = ros_loop.node("listener")
    for topic, kept in heard.items():
        node.create_subscription(Int64, f"/graph/{topic}", kept.append, 10_000, raw=True)
    node.create_subscription(Clock, "/clock", clock.append, 10_000)
    shown = start_command("dnne_ros", "replay", path, "--rate", "0.02", "--node-types", graph[2],
                          "--nodes", "batcher_2", folder=tmp_path)

    async def hear():
        await ros_loop.until(lambda: len(clock) > 3 and all(len(each) > 3
                                                            for each in heard.values()))

    ros_loop.run(hear(), shown)
    shown.interrupt()
    assert shown.wait() == 130, shown.output
    # One is played, the other runs again.
    assert set(map(bytes, heard["ticker_1/tick"])) <= set(ticks)
    assert set(map(bytes, heard["batcher_2/total"])) <= set(totals)
    stamps = [each.clock.sec * 10**9 + each.clock.nanosec for each in clock]
    assert stamps == sorted(stamps)
    assert min(times) <= stamps[0] <= stamps[-1] <= max(times)


def test_report_that_cannot_be_written_is_found_before_the_replay(tmp_path, capsys):
    """Not after it: nothing of the recording, which is none, has been read by then."""
    recording = tmp_path / "run.mcap"
    recording.write_bytes(b"")
    assert main(["replay", str(recording), "--report", str(tmp_path / "none" / "r.json")]) == 2
    assert f"{tmp_path / 'none'} is not a directory that can be written" in capsys.readouterr().err
