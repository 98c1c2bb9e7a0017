"""Nodes that never wait, and keep their process for a while with each item."""

import json

import pytest

TYPES = '''
import time

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output


class CountNode(Node):
    """Counts as fast as it may."""

    number = Output(Int(), "The number.")

    async def process(self):
        count = 0
        while True:
            count += 1
            time.sleep(0.02)
            await self.send_output(count, "number")


class SlowNode(Node):
    """Is slower than what it is given."""

    number = Input(Int(), "A number.")

    async def process(self):
        while True:
            await self.get_input("number")
            time.sleep(0.03)
'''
GRAPH = {"1": {"class_type": "CountNode", "inputs": {}},
         "2": {"class_type": "SlowNode", "inputs": {"number": ["1", 0]}}}


@pytest.mark.parametrize("more", [(), ("--no-compile",)], ids=["compiled", "not compiled"])
def test_their_run_ends_in_order(start_run, tmp_path, more):
    (tmp_path / "types.py").write_text(TYPES)
    (tmp_path / "slow.json").write_text(json.dumps(GRAPH))
    run = start_run(tmp_path / "slow.json", "--nodes", tmp_path / "types.py", "--duration", "1s",
                    *more)
    assert run.wait() == 0, run.output
    assert run.report["exit_reason"] == "duration"
