"""How runs end whose nodes, processes, output or terminal do not do as they should."""

import json
import signal
import sys

import psutil
import pytest
from patience import until_gone

NODES = '''
import asyncio
import os
import subprocess
import sys
import time

from dnne_ros.node_api.checkpoint_trigger import CheckpointTrigger
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class Source(Node):
    """Give one number, and do what it is told to."""

    number = Output(Float(), "One.")
    does = Widget("nothing")

    async def process(self):
        await self.send_output(1.0, "number")
        await asyncio.sleep(0.1)
        print("started", flush=True)
        await getattr(self, self.does)()

    async def save_state(self, aligned):
        return NodeState(values={"it": "is saved"})

    def load_state(self, state):
        pass

    async def nothing(self):
        await asyncio.Event().wait()

    async def block(self):
        time.sleep(100_000)

    async def talk(self):
        while True:
            print("a line", flush=True)
            await asyncio.sleep(0.01)

    async def draw(self):
        print("→", flush=True)
        await self.nothing()

    async def have_a_helper(self):
        print("helper", subprocess.Popen(["sleep", "100000"]).pid, flush=True)
        await self.nothing()

    async def leave_at_once(self):
        os._exit(0)

    async def leave_as_if_interrupted(self):
        os._exit(130)

    async def exit(self):
        sys.exit("x")

    async def exit_0(self):
        sys.exit(0)

    async def interrupt(self):
        raise KeyboardInterrupt

    async def cancel(self):
        raise asyncio.CancelledError

    async def fail_mutely(self):
        raise Mute

    async def fail_at_length(self):
        raise ValueError("x" * 50_000_000)

    async def fail_in_colour(self):
        raise ValueError("\\x1b]0;owned\\x07")

    async def send_nowhere(self):
        await self.send_output(1.0, "nope")

    async def take_from_nowhere(self):
        await self.get_input("nope")


class Sink(Node):
    number = Input(Float(), "Any.")

    async def process(self):
        while True:
            await self.get_input("number")
'''


@pytest.fixture
def graph(tmp_path):
    """Return the arguments of a graph with `Source` as node 1."""
    (tmp_path / "ends.py").write_text(NODES)
    (tmp_path / "graph.json").write_text(json.dumps({
        "1": {"class_type": "Source", "inputs": {}},
        "2": {"class_type": "Sink", "inputs": {"number": ["1", 0]}}}))
    return (tmp_path / "graph.json", "--nodes", tmp_path / "ends.py", "--quiet")


@pytest.mark.parametrize("does, expected", [
    ("leave_at_once", "process main left by itself, with exit code 0 (nodes "),
    ("leave_as_if_interrupted", "process main ended with exit code 130 (nodes "),
    ("exit", "it raised SystemExit: x; "), ("exit_0", "it raised SystemExit: 0; "),
    ("interrupt", "it raised KeyboardInterrupt; "), ("cancel", "CancelledError: raised by"),
    ("fail_mutely", "Mute (its text cannot be had: RuntimeError)"),
    ("fail_at_length", "(50000012 characters)"),
    ("fail_in_colour", "ValueError: \\x1b]0;owned\\x07"),
    ("send_nowhere", "LookupError: Source has no output 'nope'; it has number"),
    ("take_from_nowhere", "LookupError: Source has no linked input 'nope'; it has none")])
def test_a_node_that_ends_in_an_odd_way_is_named(start_run, graph, does, expected):
    run = start_run(*graph, "--set", f"1.does={does}")
    assert run.wait() == 1
    last = run.output.splitlines()[-1]
    assert last.startswith("dnne-ros: ") and expected in last and "source_1" in last
    assert "\x1b" not in run.output and len(run.output) < 200_000
    assert run.report["exit_reason"].startswith("failed: ")


def test_a_process_that_had_to_be_killed_is_named_and_the_run_fails(start_run, graph, tmp_path):
    run = start_run(*graph, "--set", "1.does=block", "--duration", "0.5s",
                    "--save-checkpoint-dir", tmp_path / "c")
    assert run.wait() == 1
    assert "process main did not leave when the run ended and had to be killed" in run.output
    assert f"no checkpoint was written to {tmp_path / 'c'}: " in run.output
    assert run.report["checkpoint"] is None


@pytest.mark.parametrize("end", ["in order", "killed"])
def test_a_program_that_a_node_has_started_ends_with_its_process(start_run, graph, end):
    run = start_run(*graph, "--set", "1.does=have_a_helper", "--place", "split")
    run.until(lambda: "helper " in run.output, "the helper's start")
    helper = psutil.Process(int(run.output.partition("helper ")[2].split()[0]))
    if end == "in order":
        run.interrupt()
    else:
        psutil.Process(helper.ppid()).kill()
    run.wait()
    assert ("was killed by SIGKILL" in run.output) is (end == "killed")
    until_gone([helper])


@pytest.fixture
def run_in_shell(start_command, graph, tmp_path):
    """Run the graph for a second within a line for the shell; returns its output, all saved."""
    def run(line, *arguments, environment=()):
        done = start_command(
            ("bash", "-c", f"set -o pipefail; {line}", "bash", sys.executable, "-m", "dnne_ros"),
            "run", *graph, *arguments, "--duration", "1s", "--report", tmp_path / "report.json",
            "--save-checkpoint-dir", tmp_path / "c", folder=tmp_path, cold=True,
            environment=environment)
        assert done.wait() == 0 and "Traceback" not in done.output
        assert json.loads((tmp_path / "report.json").read_text())["exit_reason"] == "duration"
        assert (tmp_path / "c" / "checkpoint.json").exists()
        return done.output
    return run


@pytest.mark.parametrize("line", [
    '"$@" | head -1', '"$@" >/dev/full', '"$@" >/dev/full 2>&1', '"$@" >&-'])
def test_output_that_cannot_be_written_harms_nothing(run_in_shell, line):
    run_in_shell(line, "--set", "1.does=talk")


def test_a_command_whose_output_cannot_be_written_says_so(start_command, graph, tmp_path):
    done = start_command(
        ("bash", "-c", '"$@" >/dev/full', "bash", sys.executable, "-m", "dnne_ros"),
        "check", *graph[:3], folder=tmp_path, cold=True)
    assert done.wait() == 1
    assert done.output == "dnne-ros: cannot write the output: No space left on device\n"


def test_a_terminal_that_knows_ascii_only_is_no_fault(
        run_in_shell, start_command, graph, tmp_path):
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    assert "\\u2192" in run_in_shell('"$@"', "--set", "1.does=draw", environment=ascii_only)
    shown = start_command("dnne_ros", "check", *graph[:-1], folder=tmp_path, cold=True,
                          environment=ascii_only)
    assert shown.wait() == 0 and "\\u2192" in shown.output


@pytest.mark.skipif(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN,
                    reason="the tests run under nohup, and what they start, too")
def test_a_run_that_is_hung_up_ends_in_good_order(start_run, graph, tmp_path):
    run = start_run(*graph, "--save-checkpoint-dir", tmp_path / "c")
    run.until(lambda: "started" in run.output, "the nodes' start")
    run.process.send_signal(signal.SIGHUP)
    assert run.wait() == 129
    assert run.report["exit_reason"] == "hung up" and run.report["checkpoint"]


def test_a_process_that_a_shell_has_in_the_background_hears_sigint(start_command, graph, tmp_path):
    """Where there is no job control, as in scripts, it begins with SIGINT ignored."""
    run = start_command(
        ("bash", "-c", 'trap "" INT; exec "$@"', "bash", sys.executable, "-m",
         "dnne_ros.hosting.host"), *graph[:-1], folder=tmp_path, cold=True)
    run.until(lambda: "started" in run.output, "the nodes' start")
    run.interrupt()
    assert run.wait() == 0


def test_blocked_processes_do_not_outlive_a_supervisor_that_is_killed(
        start_command, graph, tmp_path):
    """Nor the fork server, which waits for those that still save."""
    source = ("import sys\nfrom dnne_ros.runtime.coordination import fork_server\n"
              "fork_server._ORPHAN_SECONDS = 1.0\nfrom dnne_ros.cli.main import main\n"
              "sys.exit(main())\n")
    run = start_command((sys.executable, "-c", source), "run", *graph, "--set", "1.does=block",
                        "--place", "split", folder=tmp_path, cold=True)
    run.until(lambda: "started" in run.output, "the nodes' start")
    family = list(run.children().values())
    assert len(family) == 3
    run.process.kill()
    until_gone(family)


def test_processes_die_with_the_one_that_forks_them(start_run, graph):
    run = start_run(*graph, "--set", "1.does=block")
    run.until(lambda: "started" in run.output, "the nodes' start")
    blocked = run.child("main")
    run.child("fork server").kill()
    assert run.wait() != 0
    until_gone([blocked])
