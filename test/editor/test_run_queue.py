"""Runs as the editor starts them: real ones, of two nodes."""

import asyncio
import json
import os
import signal
from pathlib import Path

import psutil
import pytest
from patience import patiently
from python_path import python_path
from tick_drawings import ticks

from dnne_ros.editor.drawn_graph import check_drawing
from dnne_ros.editor.run import State
from dnne_ros.editor.run_queue import RunQueue

NODES = Path(__file__).with_name("run_nodes.py")
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def types():
    from dnne_ros.options.workflow_arguments import load_catalogue

    return load_catalogue([str(NODES)])


class Heard:
    """What a queue tells."""

    def __init__(self):
        self.states = []
        self.lines = []
        self.news = asyncio.Event()

    def on_change(self, run):
        self.states.append((run.number, run.state))
        self.news.set()

    def on_line(self, run, line):
        self.lines.append(line)

    async def until(self, condition):
        while not condition():
            self.news.clear()
            await self.news.wait()


def with_queue(types, talk):
    """Run a coroutine function on a queue, what it tells, and what makes a checked drawing."""
    async def live():
        heard = Heard()
        environment = {**os.environ, "PYTHONPATH": python_path(REPOSITORY)}
        queue = RunQueue([f"--nodes={NODES}"], environment, heard.on_change, heard.on_line)
        working = asyncio.ensure_future(queue.work())

        def drawn(document, name="ticks"):
            return check_drawing(document, Path(f"/nowhere/{name}.json"), types)
        try:
            await patiently(talk(queue, heard, drawn))
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
    asyncio.run(live())


def test_runs_follow_each_other_and_end_as_they_are_told(types):
    async def talk(queue, heard, drawn):
        first = queue.submit(drawn(ticks()), [], None)
        assert first.state is State.STARTING  # said at once
        second = queue.submit(drawn(ticks(number=20)), ["--seed=3"], None)
        third = queue.submit(drawn(ticks()), ["--duration=0.5s"], 0.5)
        fourth = queue.submit(drawn(ticks()), [], None)
        await heard.until(lambda: first.state is State.RUNNING)
        assert second.state is State.QUEUED
        queue.stop(fourth)
        queue.stop(first)
        queue.stop(first)  # a second word changes nothing
        await heard.until(lambda: third.state.is_over)
        assert (first.state, first.reason, first.failure) == (State.STOPPED, "interrupted", "")
        assert second.state is State.FAILED
        assert second.failed_node == "2"
        assert "it is 20" in second.failure
        assert any("it is 20" in line for line in second.last_lines)
        assert (third.state, third.reason) == (State.ENDED, "duration")
        assert fourth.state is State.STOPPED and fourth.started is None
        assert [state for number, state in heard.states if number == 2] == [
            State.QUEUED, State.STARTING, State.RUNNING, State.FAILED]
    with_queue(types, talk)


def test_a_process_that_is_killed_is_told_with_its_nodes(types):
    async def talk(queue, heard, drawn):
        run = queue.submit(drawn(ticks(process="other")), [], None)
        await heard.until(lambda: run.state is State.RUNNING)
        victim = next(each for each in psutil.Process().children(recursive=True)
                      if "other" in each.cmdline()[-1] + each.name())
        victim.send_signal(signal.SIGKILL)
        await heard.until(lambda: run.state.is_over)
        assert run.state is State.FAILED
        assert run.failed_node == "2"
        assert "was killed by SIGKILL" in run.failure
    with_queue(types, talk)


def test_a_run_ends_with_its_server(types):
    runs = []

    async def talk(queue, heard, drawn):
        runs.append(queue.submit(drawn(ticks()), [], None))
        await heard.until(lambda: runs[0].state is State.RUNNING)
    with_queue(types, talk)
    assert (runs[0].state, runs[0].reason) == (State.STOPPED, "interrupted")


def test_what_a_run_refuses_is_told(types):
    """What `dnne-ros run` finds out by itself, before it starts anything."""
    async def talk(queue, heard, drawn):
        run = queue.submit(drawn(ticks()), ["--load-checkpoint-dir=/nowhere/at/all"], None)
        await heard.until(lambda: run.state.is_over)
        assert run.state is State.FAILED
        assert "/nowhere/at/all" in run.failure
    with_queue(types, talk)


def test_the_drawing_that_runs_is_the_one_that_was_given(types):
    """Also where the file on the disk has become another one."""
    drawing = json.loads(json.dumps(ticks()))
    drawn = check_drawing(drawing, Path("/nowhere/ticks.json"), types)
    assert drawn.document is drawing
    assert drawn.namespace == "/ticks"
    assert dict(drawn.shown_at) == {"1": "1", "2": "2"}
