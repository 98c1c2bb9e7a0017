"""Runs that are recorded, and what ``dnne-ros trace`` makes of them."""

import json
import os
import signal

import pytest

from dnne_ros.tracing.collecting import discard_parts, open_trace
from dnne_ros.tracing.ring import Kind

TYPES = '''
"""A loop of a quick node and a slow one, and a node beside it that waits for nothing."""
import asyncio
import time

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output


class Quick(Node):
    """Send a number when the last one is back."""

    back = Input(Int(), "What comes back.")
    number = Output(Int(), "A number.", starts_loop=True)

    async def process(self):
        number = 0
        while True:
            await self.send_output(number, "number")
            number = await self.get_input("back") + 1
            if number % 20 == 0:
                self.context.log.info(f"round {number}")


class Slow(Node):
    """Compute for a while."""

    number = Input(Int(), "A number.")
    back = Output(Int(), "The same.")

    async def compute(self, number):
        until = time.thread_time() + 0.01
        while time.thread_time() < until:
            pass
        return {"back": number}
'''
GRAPH = {"1": {"class_type": "Quick", "inputs": {"back": ["2", 0]}},
         "2": {"class_type": "Slow", "inputs": {"number": ["1", 0]}}}


@pytest.fixture
def start(start_run, tmp_path):
    """Start the graph."""
    (tmp_path / "types.py").write_text(TYPES)
    (tmp_path / "loop.json").write_text(json.dumps(GRAPH))

    def call(*arguments):
        run = start_run(tmp_path / "loop.json", "--nodes", tmp_path / "types.py", *arguments)
        run.until(lambda: "round 40" in run.output, "forty rounds")
        return run
    return call


@pytest.fixture
def analyzed(command):
    """Return what ``dnne-ros trace analyze`` says of a file."""
    def call(*files):
        done = command("trace", "analyze", *files, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return call


def check_pace(found):
    """The slow node is what sets the pace of the loop, and all items were followed."""
    path = found["critical_path"]
    assert path["loop"] and path["of"] == ["quick_1", "slow_2"]
    assert (path["parts"][0]["kind"], path["parts"][0]["name"]) == ("work", "slow_2")
    assert {edge["name"] for edge in found["edges"]} == {
        "quick_1/number → slow_2/number", "slow_2/back → quick_1/back"}
    assert all(edge["items"] >= 39 and edge["latency"]["p50"] > 0 for edge in found["edges"])


@pytest.mark.slow
@pytest.mark.parametrize("place", ["fused", "split"])
def test_a_recorded_run_says_who_sets_its_pace(start, analyzed, command, tmp_path, place):
    file = tmp_path / "t.json"
    run = start("--place", place, "--trace", file)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert [path.name for path in tmp_path.glob("t.json*")] == ["t.json"]
    check_pace(analyzed(file))

    picture = tmp_path / "t.png"
    done = command("trace", "analyze", file, "--plot", picture)
    assert done.returncode == 0 and picture.read_bytes().startswith(b"\x89PNG")
    assert "critical path of the loop to quick_1, slow_2" in done.stdout
    joined = tmp_path / "joined.json.gz"
    assert command("trace", "join", file, "-o", joined).returncode == 0
    assert analyzed(joined) == analyzed(file)


@pytest.mark.slow
def test_a_compiled_region_has_the_records_of_its_nodes_one_by_one(command, cartpole, tmp_path):
    """Of a training: the same items of the same ports, in the same order, as large."""
    def recorded(*words):
        file = tmp_path / "t.json"
        done = command("run", cartpole, "--quiet", "--set", "1.num_envs=16", "--seed", "3",
                       "--max-updates", "10", "--trace", file, *words)
        assert done.returncode == 0, done.stderr
        return {node: [(act.kind.name, act.port, act.number, act.count, act.text, act.size)
                       for act in acts if act.kind is not Kind.MARK]
                for node, acts in open_trace(str(file)).acts.items()
                if node != "display_7"}  # which shows what is newest when it looks

    compiled, one_by_one = recorded(), recorded("--no-compile")
    assert compiled.keys() == one_by_one.keys()
    assert sum(map(len, compiled.values())) > 1000
    for node, acts in compiled.items():
        common = min(len(acts), len(one_by_one[node]))  # the run ends somewhere in a step
        assert common > len(acts) - 10
        assert acts[:common] == one_by_one[node][:common], node


@pytest.mark.slow
def test_what_a_killed_process_has_recorded_is_there(start, analyzed, tmp_path):
    file = tmp_path / "t.json"
    run = start("--place", "split", "--trace", file)
    os.kill(run.child("slow_2").pid, signal.SIGKILL)
    assert run.wait() == 1
    check_pace(analyzed(file))


def test_when_all_are_killed_the_parts_are_there(start, analyzed, tmp_path):
    file = tmp_path / "t.json"
    start("--trace", file).kill()
    assert not file.exists()
    check_pace(analyzed(file))
    discard_parts(str(file))


@pytest.mark.slow
def test_a_graph_that_runs_is_recorded_for_a_while(start, analyzed, command, tmp_path):
    run = start("--place", "split")
    assert command("trace", "start", "/loop").returncode == 0
    rounds = run.output.count("round")
    run.until(lambda: run.output.count("round") >= rounds + 4, "more rounds")
    assert command("trace", "stop", "/loop").returncode == 2, "where to write is not said"
    file = tmp_path / "t.json"
    done = command("trace", "stop", "/loop", "-o", file)
    assert done.returncode == 0, done.stderr
    check_pace(analyzed(file))
    assert command("trace", "stop", "/loop", "-o", file).returncode == 1, "nothing is recorded"
    rounds = run.output.count("round")
    run.until(lambda: run.output.count("round") > rounds, "the graph goes on")


@pytest.mark.long
def test_processes_that_do_not_speak_are_counted(start, command):
    run = start("--place", "split")
    os.kill(run.child("slow_2").pid, signal.SIGSTOP)
    done = command("trace", "start", "/loop")
    os.kill(run.child("slow_2").pid, signal.SIGCONT)
    assert "warning: 1 of the 2 processes of /loop said nothing within 10 s" in done.stderr
    assert done.returncode == 0 and "recording /loop: " in done.stdout


def test_what_cannot_be_read_or_written(command, tmp_path):
    (tmp_path / "text").write_text("no trace")
    (tmp_path / "types.py").write_text(TYPES)
    (tmp_path / "loop.json").write_text(json.dumps(GRAPH))
    run = ("run", tmp_path / "loop.json", "--nodes", tmp_path / "types.py")
    for arguments, said in [
            (("trace", "analyze", tmp_path / "text"), "expected a trace that"),
            (("trace", "analyze", tmp_path / "none"), "cannot be read: No such file"),
            (("trace", "join", tmp_path / "none", "-o", tmp_path / "out"), "cannot be read"),
            ((*run, "--trace", tmp_path / "none" / "t.json"), "not a directory that can be"),
            ((*run, "--trace-every", "0"), "from 1, found '0'")]:
        done = command(*arguments)
        assert done.returncode == 2 and said in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
