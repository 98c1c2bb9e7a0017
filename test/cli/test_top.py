"""``dnne-ros top`` beside running graphs."""

import contextlib
import json
import os
import random
import subprocess
import sys
import termios

import pytest
from domains import users_environment
from python_path import python_path

SOURCE = '''
"""A producer that never rests, a consumer that takes ten items a second, and relays."""
import asyncio

from dnne_ros.node_api.health import Level
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

TOKENS = 100


class Producer(Node):
    """Send numbers for ever."""

    value = Output(Int(), "A number.")

    async def process(self):
        number = 0
        while True:
            await self.send_output(number, "value")
            number += 1


class SlowConsumer(Node):
    """Take ten items a second, and complain."""

    value = Input(Int(), "A number.")

    async def process(self):
        self.context.health.level = Level.WARN
        self.context.health.message = "that is a lot"
        while True:
            self.context.log.info(f"taken {await self.get_input('value')}")
            await asyncio.sleep(0.1)


class Source(Node):
    """Send numbered tokens on every output."""

    o0, o1, o2, o3, o4 = (Output(Int(), "The token.") for _ in range(5))

    async def process(self):
        for number in range(TOKENS):
            for name in self.outputs:
                await self.send_output(number, name)


class Relay(Node):
    """Pass a token on when it has come to every input."""

    i0, i1, i2, i3, i4 = (Input(Int(), "A token.") for _ in range(5))
    o0, o1, o2, o3, o4 = (Output(Int(), "The token.") for _ in range(5))
    gain = Widget(1, "Each node has a parameter.", minimum=0, maximum=9)

    async def compute(self, **tokens):
        assert len(set(tokens.values())) == 1, tokens
        return dict.fromkeys(self.outputs, tokens["i0"])


class Sink(Node):
    """See that all tokens come to every input, in order."""

    i0, i1, i2, i3, i4, i5, i6, i7, i8, i9 = (Input(Int(), "A token.") for _ in range(10))

    async def process(self):
        for number in range(TOKENS):
            for name in self.inputs:
                assert await self.get_input(name) == number
        self.context.health.message = f"{TOKENS} tokens came through"
        self.context.log.info(self.context.health.message)
        await asyncio.Event().wait()
'''


def blocked_graph():
    """Return a producer that is held up by its consumer."""
    return {"1": {"class_type": "Producer", "inputs": {}},
            "2": {"class_type": "SlowConsumer", "inputs": {"value": ["1", 0]}}}


def large_graph(nodes):
    """Return a graph of five links a node, whose longest path goes through all of them."""
    choice = random.Random(1)
    graph = {"0": {"class_type": "Source", "inputs": {}}}
    for number in range(1, nodes):
        last = number == nodes - 1
        before = [number - 1, *(choice.randrange(number) for _ in range(9 if last else 4))]
        graph[str(number)] = {
            "class_type": "Sink" if last else "Relay",
            "inputs": {f"i{port}": [str(node), port % 5] for port, node in enumerate(before)}}
    return graph


@pytest.fixture
def start(start_run, tmp_path):
    """Start a graph of the types above."""
    def call(graph, *arguments):
        (tmp_path / "types.py").write_text(SOURCE)
        (tmp_path / "graph.json").write_text(json.dumps(graph))
        return start_run(tmp_path / "graph.json", "--nodes", tmp_path / "types.py", *arguments)
    return call


SHOWN = {"TERM": "xterm", "COLUMNS": "140", "LINES": "20"}


@pytest.fixture
def top(start_command, tmp_path):
    """Start ``dnne-ros top`` in the background; it waits for what it is to show."""
    started = []

    def call(*arguments):
        started.append(start_command("dnne_ros", "top", *arguments, folder=tmp_path,
                                     separate=True, environment=SHOWN))
        return started[-1]

    yield call
    for process in started:
        process.kill()


@pytest.fixture
def live_top(repository):
    """Start ``dnne-ros top`` on a terminal."""
    terminal, inside = os.openpty()
    os.set_blocking(terminal, False)
    process = subprocess.Popen(
        [sys.executable, "-m", "dnne_ros", "top"], stdin=inside, stdout=inside,
        stderr=subprocess.PIPE,
        env={**users_environment(), "PYTHONPATH": python_path(repository), **SHOWN})
    yield process, terminal, inside
    process.kill()
    process.communicate()
    os.close(inside)
    os.close(terminal)


def finished(process):
    """Return what a process printed, and its exit code."""
    return process.wait(), process.said()


def test_a_graph_is_shown_live(start, live_top):
    process, terminal, inside = live_top
    before = termios.tcgetattr(inside)
    run = start(blocked_graph(), "--place", "split")
    seen = bytearray()

    def shows_the_blocked_edge():
        assert process.poll() is None, process.stderr.read()
        with contextlib.suppress(BlockingIOError):
            seen.extend(os.read(terminal, 65536))
        return b"blocked" in seen[seen.rfind(b"waiting"):]

    run.until(shows_the_blocked_edge, "the blocked edge", moved=lambda: len(seen))
    os.write(terminal, b"q")
    run.until(lambda: process.poll() is not None, "the end of top")
    assert process.returncode == 0
    assert termios.tcgetattr(inside) == before


def test_a_graph_in_two_processes(start, top):
    run = start(blocked_graph(), "--place", "split")
    # What is shown is the last second: let it be one in which the edge had filled up.
    run.until(lambda: run.output.count("taken") >= 20, "the consumer's progress")
    as_json, as_text = top("/graph/", "--json", "--timeout", "1h"), top("--timeout", "1h")
    code, text = finished(as_text)
    assert code == 0 and "/graph   2 processes, CPU" in text
    for word in ("producer_1/value → slow_consumer_2/value", "that is a lot", "lossless",
                 "socket"):
        assert word in text

    code, output = finished(as_json)
    assert code == 0
    graph, = json.loads(output)["graphs"]
    assert graph["namespace"] == "/graph"
    nodes = {node["name"]: node for node in graph["nodes"]}
    assert nodes["producer_1"]["message"] == "ok" and nodes["producer_1"]["sent"] > 0
    assert (nodes["slow_consumer_2"]["level"], nodes["slow_consumer_2"]["message"]) == (
        "WARN", "that is a lot")
    assert nodes["producer_1"]["pid"] != nodes["slow_consumer_2"]["pid"]
    edge, = graph["edges"]
    assert edge["name"] == "producer_1/value → slow_consumer_2/value"
    assert edge["level"] == "WARN" and "slow_consumer_2 does not keep up" in edge["message"]
    assert edge["blocked_percent"] > 50 and edge["lost"] == edge["duplicated"] == 0
    assert edge["received"] > 0 and abs(edge["sent"] - edge["received"] - 50) <= 100
    assert (edge["sender_process"], edge["receiver_process"]) == ("producer_1", "slow_consumer_2")


@pytest.mark.long
def test_a_graph_of_200_nodes_and_1000_edges(start, top):
    run = start(large_graph(200))
    nodes = {}
    while nodes.get("sink_199", {}).get("message") != "100 tokens came through":
        code, output = finished(top("--json", "--timeout", "1h"))
        assert code == 0, output + run.output
        graph, = json.loads(output)["graphs"]
        assert len(graph["nodes"]) == 200 and len(graph["edges"]) == 1000
        nodes = {node["name"]: node for node in graph["nodes"]}
    assert nodes["relay_100"]["taken"] == nodes["relay_100"]["sent"] == 500
    assert all(edge["sent"] == edge["received"] == 100 and edge["lost"] == 0
               for edge in graph["edges"])
    run.interrupt()
    assert run.wait() == 130, run.output


def test_nothing_to_see(top):
    code, output = finished(top("/nobody", "--once", "--timeout", "1s"))
    assert code == 1
    assert output.startswith("dnne-ros: no word of /nobody within 1 s on /diagnostics (ROS domain")
