"""Processes have the part of the machine that they ask for."""

import json
import os

import pytest

TYPES = '''
import os
import resource

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.widget import Widget


class LookNode(Node):
    """Says what its process has, and may take more memory than it has."""

    take = Widget(0, "Bytes to take.", minimum=0)

    async def process(self):
        if self.take:
            self.kept = bytearray(self.take)
        threads = {os.sched_getscheduler(int(task)) for task in os.listdir("/proc/self/task")}
        self.context.report({"nice": os.getpriority(os.PRIO_PROCESS, 0),
                             "cores": sorted(os.sched_getaffinity(0)),
                             "policies": sorted(threads),
                             "gpus": os.environ.get("CUDA_VISIBLE_DEVICES")})
        await self.context.finish("looked")
'''


@pytest.fixture
def look(start_run, tmp_path):
    """Start the graph, whose process is to have something."""
    def start(resources, take=0):
        (tmp_path / "types.py").write_text(TYPES)
        graph = {"1": {"class_type": "LookNode", "inputs": {"take": take}}}
        (tmp_path / "look.json").write_text(json.dumps(graph))
        (tmp_path / "place.json").write_text(json.dumps(
            {"processes": {"looking": ["1"]}, "resources": {"looking": resources}}))
        return start_run(tmp_path / "look.json", "--nodes", tmp_path / "types.py", "--place",
                         tmp_path / "place.json")
    return start


def test_a_process_has_what_it_asks_for(look):
    core = max(os.sched_getaffinity(0))
    run = look({"nice": 3, "cores": core, "gpus": [1]})
    assert run.wait() == 0, run.output
    found = run.report["metrics"]
    assert (found["nice"], found["cores"], found["gpus"]) == (3, [core], "1")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a process a real-time one")
def test_all_threads_of_a_real_time_process_are(look):
    run = look({"realtime": 5})
    assert run.wait() == 0, run.output
    assert run.report["metrics"]["policies"] == [os.SCHED_FIFO]


def test_memory_beyond_the_limit_is_an_error_of_the_node(look):
    run = look({"memory": "3GB"}, take=4 * 10**9)
    assert run.wait() == 1
    assert "look_1" in run.output and "MemoryError" in run.output


def test_cores_that_there_are_not(look):
    run = look({"cores": 4096})
    assert run.wait() == 2
    assert "process looking: core 4096: this machine lets it use" in run.output
