"""Where the time of a step goes, as ``dnne-ros profile`` says."""

import json
import os

import pytest

from dnne_ros.cli import sampling
from dnne_ros.cli.main import main

TYPES = '''
"""Two nodes that compute one after the other, and could do so at the same time."""
import asyncio
import time

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output


def compute(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


class First(Node):
    """Compute, and give a number."""

    number = Output(Int(), "A number.")

    async def process(self):
        while True:
            compute(0.012)
            await asyncio.sleep(0)
            await self.send_output(1, "number")


class Second(Node):
    """Take a number, and compute."""

    number = Input(Int(), "A number.")

    async def process(self):
        while True:
            await self.get_input("number")
            compute(0.008)
'''


@pytest.fixture
def two(tmp_path):
    (tmp_path / "types.py").write_text(TYPES)
    (tmp_path / "two.json").write_text(json.dumps({
        "1": {"class_type": "First", "inputs": {}},
        "2": {"class_type": "Second", "inputs": {"number": ["1", 0]}}}))
    return tmp_path / "two.json", "--nodes", tmp_path / "types.py", "--duration", "1s"


@pytest.mark.long
@pytest.mark.skipif(not sampling.sampler(), reason="needs py-spy")
def test_a_step_is_taken_apart_and_another_placement_tried(two, command, tmp_path):
    done = command("profile", *two, "--json", "-o", tmp_path / "profile")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    parts = {part["what"]: part["share"] for part in found["step"]["parts"]}
    assert parts["work of first_1"] > parts["work of second_2"] > 0.2
    assert found["lock"]["loop"] > 0.5, found
    assert any("compute" in name for name in found["lock"]["functions"])
    assert not found["problems"]
    kept = {path.name for path in (tmp_path / "profile").iterdir()}
    assert kept >= {"trace.json.gz", "profile.json", "flames.svg"}
    assert "compute" in (tmp_path / "profile" / "flames.svg").read_text()
    if found["cores"] > 1:
        assert sorted(found["suggestion"]["processes"].values()) == [["first_1"], ["second_2"]]
        assert ("placement.json" in kept) == found["suggestion"]["taken"]


@pytest.mark.slow
def test_without_a_sampler_it_says_how_to_get_one(two, monkeypatch, capfd, tmp_path):
    monkeypatch.setattr(sampling, "sampler", lambda: "")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0})
    assert main(["profile", *map(str, two), "-o", str(tmp_path / "profile")]) == 0
    said = capfd.readouterr().out
    assert "work of first_1" in said and "pip install 'dnne_ros[profile]'" in said
    assert "on 1 core, no other one promises more" in said
    assert {path.name for path in (tmp_path / "profile").iterdir()} == {
        "trace.json.gz", "profile.json"}


def test_who_holds_the_lock_is_counted_while_nodes_run():
    start = 'process 1:"python";thread (1): MainThread;main (run.py:1)'
    loop = "GraphProcess.run (process.py:1);BaseEventLoop.run_forever (base_events.py:1)"
    found = sampling._shares([
        f"{start};{loop};mul (n.py:9) 6",
        f"{start};import_module (x.py:1) 50", "",
        'process 1:"python";thread (7): camera;Thread._bootstrap (t.py:1);grab (c.py:3) 2'])
    assert found["samples"] == 8 and found["loop"] == 0.75
    assert found["others"] == {"camera": 0.25} and found["functions"]["mul (n.py:9)"] == 0.75


def test_what_cannot_be_profiled(two, command):
    for words, code, said in [
            (("none.json",), 2, "none.json"),
            ((*two, "-o", "/proc/nothing"), 2, "/proc/nothing: cannot write: "),
            ((*two, "--trace", "t.json"), 2, "expected -o DIR"),
            ((*two, "--trace-every", "7"), 2, "expected to record each item"),
            ((*two, "--place", "none.yaml"), 2, "none.yaml")]:
        done = command("profile", *words)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
        assert said in done.stderr and "recording" not in done.stderr
