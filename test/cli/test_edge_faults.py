"""Processes that stall, stop, die and come back: every item arrives, in order, and is counted."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

NODES = Path(__file__).with_name("fault_nodes.py")
CONSUMERS = {"2": "fast", "3": "also_fast", "4": "slow"}


class Faulty:
    """A run of one source and three consumers, each in a process of its own."""

    def __init__(self, start_run, folder, count, *arguments, **options):
        self.count = count
        self.files = {name: folder / name for name in CONSUMERS.values()}
        self.process_of = {name: f"write_down_{id}" for id, name in CONSUMERS.items()}
        nodes = [{"id": 1, "type": "Numbers", "widgets_values": [count], "inputs": [],
                  "outputs": [{"name": "value", "type": "INT", "links": [2, 3, 4]}]}]
        nodes += [{"id": int(id), "type": "WriteDown",
                   "widgets_values": [str(self.files[name]), name == "slow"],
                   "inputs": [{"name": "value", "type": "INT", "link": int(id)}], "outputs": [],
                   "properties": {"dnne_ros": {"inputs": {"value": options.get(name, {})}}}}
                  for id, name in CONSUMERS.items()]
        (folder / "faulty.json").write_text(json.dumps({
            "nodes": nodes,
            "links": [[int(id), 1, 0, int(id), 0, "INT"] for id in CONSUMERS]}))
        self.run = start_run(folder / "faulty.json", "--nodes", NODES, "--place", "split",
                             *arguments)

    def taken(self, name):
        """The numbers that a consumer has written down, those of all its lives."""
        file = self.files[name]
        data = file.read_bytes() if file.exists() else b""
        return np.frombuffer(data[:len(data) // 4 * 4], "<u4")

    def until(self, condition, said=""):
        self.run.until(condition, said, moved=lambda: sum(
            file.stat().st_size for file in self.files.values() if file.exists()))

    def until_taken(self, name, number):
        self.until(lambda: len(found := self.taken(name)) and found.max() >= number, name)

    def child(self, process):
        return self.run.child(process)

    def kill(self, process):
        old = self.child(process)
        old.kill()
        self.until(lambda: (child := self.child(process)) is not None
                   and child.pid != old.pid, process)

    def finish(self):
        """Wait until everybody has everything, and return the edges by consumer."""
        for name in self.files:
            self.until_taken(name, self.count - 1)
        self.run.interrupt()
        assert self.run.wait() == 130, self.run.output
        edges = self.run.report["edges"]
        return {name: next(edge for edge in edges if process in edge["name"])
                for name, process in self.process_of.items()}


def assert_complete_and_in_order(numbers, count):
    """Everything is there; where it goes back, it is to what was sent again."""
    assert np.array_equal(np.unique(numbers), np.arange(count))
    steps = np.diff(numbers.astype(np.int64))
    assert set(steps[steps != 1].tolist()) <= set(range(-200, 1)), steps[steps != 1]


def test_stalls_stops_kills_and_restarts_on_both_sides(start_run, tmp_path):
    faulty = Faulty(start_run, tmp_path, 200_000, "--respawn")
    faulty.until_taken("slow", 5_000)
    source = faulty.child("numbers_1")
    before = source.memory_info().rss
    stopped = faulty.child(faulty.process_of["fast"])
    stopped.send_signal(signal.SIGSTOP)
    time.sleep(5)
    at_stop = len(faulty.taken("also_fast"))
    stopped.send_signal(signal.SIGCONT)
    faulty.until_taken("fast", at_stop + 5_000)
    faulty.kill(faulty.process_of["also_fast"])
    faulty.until_taken("also_fast", at_stop + 20_000)
    assert source.memory_info().rss - before < 20 * 2**20
    faulty.kill("numbers_1")
    faulty.until_taken("slow", at_stop + 40_000)
    faulty.kill(faulty.process_of["slow"])
    edges = faulty.finish()
    for name, edge in edges.items():
        numbers = faulty.taken(name)
        assert_complete_and_in_order(numbers, 200_000)
        assert edge["sent"] == edge["received"] == 200_000
        assert edge["lost"] == edge["dropped"] == 0
        assert len(numbers) - 200_000 <= edge["duplicated"]
    assert len(faulty.taken("fast")) == 200_000  # it was stopped, not killed: nothing came twice
    assert "killed by SIGKILL" in faulty.run.output and "started again" in faulty.run.output
    assert not [path for path in os.listdir("/dev/shm")
                if path.startswith(f"dnne_ros_{source.pid}_")]


@pytest.mark.parametrize("when_absent", ["wait", "drop", "fail"])
def test_a_peer_that_does_not_come_back_is_named_and_the_edge_decides(
        start_run, tmp_path, when_absent):
    faulty = Faulty(start_run, tmp_path, 2**31, "--absent-after", "3s",
                    slow={"when_absent": when_absent, "capacity": 10})
    faulty.until_taken("slow", 100)
    faulty.child(faulty.process_of["slow"]).send_signal(signal.SIGSTOP)
    named = "process write_down_4 (write_down_4) has given no sign of life for 3 s"
    if when_absent == "fail":
        assert faulty.run.wait() == 1
        assert named in faulty.run.output
        assert "may not wait" in faulty.run.output
        return
    faulty.until(lambda: named in faulty.run.output, named)
    last = len(faulty.taken("fast"))
    if when_absent == "drop":
        faulty.until_taken("fast", last + 1000)
    faulty.child(faulty.process_of["slow"]).send_signal(signal.SIGCONT)
    faulty.until(lambda: "process write_down_4 is back" in faulty.run.output, "back")
    slow = len(faulty.taken("slow"))
    faulty.until(lambda: len(faulty.taken("slow")) > slow + 100, "slow goes on")
    faulty.run.interrupt()
    assert faulty.run.wait() == 130, faulty.run.output
    edge, = [e for e in faulty.run.report["edges"] if "write_down_4" in e["name"]]
    jumps = np.diff(faulty.taken("slow").astype(np.int64))
    if when_absent == "drop":
        assert edge["dropped"] > 0 and (jumps > 0).all() and jumps.max() > 1
    else:
        assert edge["dropped"] == 0 and (jumps == 1).all()
