"""What a run leaves of its last seconds when something goes wrong, and what one makes of it."""

import json
import os
import re
import signal

import pytest

from dnne_ros.tracing.collecting import open_trace
from dnne_ros.tracing.flight_record import runs

GRAPH = f"critic_{os.getpid()}"
"""Another run of the tests on this machine has another one."""
TYPES = '''
"""A node that gives numbers and one that may not like them."""
import asyncio

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget


class Count(Node):
    """Give 0, 1, 2, …"""

    number = Output(Int(), "The next number.")

    async def process(self):
        number = 0
        while True:
            await asyncio.sleep(0.005)
            await self.send_output(number, "number")
            number += 1


class Critic(Node):
    """Fail at a number."""

    number = Input(Int(), "A number.")
    fatal = Widget(0, "The number.")
    seconds = Widget(0.0, "Do not fail then, but take so long.")

    async def process(self):
        while True:
            number = await self.get_input("number")
            if number % 40 == 0:
                self.context.log.info(f"at {number}")
            if number == self.fatal and self.seconds:
                await asyncio.sleep(self.seconds)
            elif number == self.fatal:
                raise ValueError(f"{number} is too much")
'''


@pytest.fixture
def start(start_run, tmp_path):
    """Start the graph, whose second node fails at a number."""
    (tmp_path / "types.py").write_text(TYPES)
    (tmp_path / f"{GRAPH}.json").write_text(json.dumps({
        "1": {"class_type": "Count", "inputs": {}},
        "2": {"class_type": "Critic", "inputs": {"number": ["1", 0]}}}))

    def call(fatal=0, *arguments):
        return start_run(tmp_path / f"{GRAPH}.json", "--nodes", tmp_path / "types.py", "--set",
                         f"2.fatal={fatal or -1}", "--flight-dir", tmp_path / "records",
                         "--flight-seconds", "1h", *arguments)
    return call


def record_of(run, tmp_path):
    """Return the flight record that a failed run has named, for a person to copy the line."""
    [path] = re.findall(r"^what led to it: dnne-ros trace analyze (\S+)$", run.output,
                        re.MULTILINE)
    assert run.report["flight_records"] == [path]
    assert os.listdir(tmp_path / "records") == [os.path.basename(path)]
    return path


def mine(tmp_path):
    """Return the runs that keep something, of this test."""
    return [run for run in runs() if run.records == tmp_path / "records"]


@pytest.mark.slow
def test_a_failed_run_says_how_to_see_what_led_to_it(start, command, tmp_path):
    run = start(120, "--place", "split")
    assert run.wait() == 1, run.output
    path = record_of(run, tmp_path)
    shown = command("trace", "analyze", path)
    assert shown.returncode == 0, shown.stderr
    for said in ("critic_2 (item 121): ValueError: 120 is too much", "INFO at 80",
                 "critic_2/number (input)", "count_1/number → critic_2/number"):
        assert said in shown.stdout
    found = json.loads(command("trace", "analyze", path, "--json").stdout)
    assert [edge["items"] for edge in found["edges"]] == [pytest.approx(120, abs=3)]
    assert mine(tmp_path) == []

    whole = tmp_path / "for Perfetto.json"
    assert command("trace", "join", path, "-o", whole).returncode == 0
    again = json.loads(command("trace", "analyze", whole, "--json").stdout)
    assert again["flight"] == found["flight"]


@pytest.mark.slow
def test_of_a_killed_process_its_last_seconds_are_there(start, tmp_path):
    run = start(0, "--place", "split")
    run.until(lambda: "at 80" in run.output, "eighty numbers")
    os.kill(run.child("critic_2").pid, signal.SIGKILL)
    assert run.wait() == 1, run.output
    trace = open_trace(record_of(run, tmp_path))
    assert trace.flight.reason == "process critic_2 was killed by SIGKILL"
    assert {act.number for act in trace.acts["critic_2"]} >= set(range(1, 80))
    assert {act.number for act in trace.acts["count_1"]} >= set(range(1, 80))
    assert any(event.text == "INFO at 80" for event in trace.events)
    assert mine(tmp_path) == []


@pytest.mark.slow
def test_whoever_asks_gets_them_also_of_a_graph_that_is_gone(start, command, ros_loop, tmp_path):
    from rclpy.parameter import Parameter
    from rclpy.parameter_client import AsyncParameterClient

    run = start()
    run.until(lambda: "at 40" in run.output, "forty numbers")
    first = command("trace", "dump", f"/{GRAPH}")
    assert first.returncode == 0, first.stderr

    node = ros_loop.node("operator")
    client = AsyncParameterClient(node, f"/{GRAPH}/count_1")

    async def ask():
        await ros_loop.until(client.services_are_ready)
        answer = client.set_parameters([Parameter("trace.save", value=True)])
        await ros_loop.until(answer.done)
        return answer.result().results[0]

    assert ros_loop.run(ask(), run).successful
    run.until(lambda: "flight record: " in run.output, "the path of a flight record")
    [second] = re.findall(r"^flight record: (\S+) \(somebody has asked count_1", run.output,
                          re.MULTILINE)

    run.kill()
    ros_loop.run(ros_loop.until(lambda: not mine(tmp_path)[0].alive))  # it dies with its parent
    third = command("trace", "dump", GRAPH, "-o", tmp_path / "else").stdout.strip()
    assert mine(tmp_path) == []
    reasons = ["somebody has asked"] * 3
    if not third:  # a run that has begun on this machine meanwhile has put it aside
        [third] = {str(each) for each in (tmp_path / "records").iterdir()} - {
            first.stdout.strip(), second}
        reasons[2] = "every process of the run was killed"
    for path, reason in zip((first.stdout.strip(), second, third), reasons, strict=True):
        trace = open_trace(path)
        assert trace.flight.reason.startswith(reason)
        assert {act.number for act in trace.acts["critic_2"]} >= set(range(1, 40))
    missing = command("trace", "dump", "/critic_of_nobody")
    assert missing.returncode == 2 and "found /critic_of_nobody" in missing.stderr


def test_a_folder_that_cannot_be_is_refused(start, tmp_path):
    (tmp_path / "records").write_text("a file")
    run = start()
    assert run.wait() == 2 and "records is not a directory" in run.output, run.output


@pytest.mark.long
@pytest.mark.parametrize("way", ["errors", "deadline", "watchdog", "stop", "kill", "ask"])
def test_a_fault_after_a_minute_leaves_the_ten_seconds_before_it(start, command, tmp_path, way):
    run = start(*{"stop": (12_000,), "errors": (12_000, "--set", "2.errors.policy=warn"),
                  "deadline": (12_000, "--set", "2.seconds=15", "--set", "2.deadline.seconds=10"),
                  "watchdog": (12_000, "--set", "2.seconds=15", "--set", "2.watchdog.seconds=10"),
                  "kill": (0, "--place", "split"), "ask": ()}[way])
    run.until(lambda: "at 12000" in run.output, "a minute")
    if way == "kill":
        os.kill(run.child("critic_2").pid, signal.SIGKILL)
    elif way == "ask":
        assert command("trace", "dump", f"/{GRAPH}").returncode == 0
    run.until(lambda: (tmp_path / "records").is_dir() and any(
        not path.name.startswith(".") for path in (tmp_path / "records").iterdir()), "a record")
    [path] = (tmp_path / "records").iterdir()
    trace = open_trace(str(path))
    numbers = sorted(act.number for act in trace.acts["critic_2"] if act.port)
    assert numbers == list(range(numbers[0], numbers[-1] + 1)), "each item"
    first, last = trace.span()
    assert last - first >= 10e9 and numbers[-1] >= 12_000
