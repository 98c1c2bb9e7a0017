"""``dnne-ros place``: the quickest placement is found by trying."""

import json

import pytest

TYPES = '''
import time

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output


class CountNode(Node):
    """Counts."""

    number = Output(Int(), "The number.")

    async def process(self):
        count = 0
        while True:
            count += 1
            time.sleep(0.02)
            await self.send_output(count, "number")


class SlowNode(Node):
    """Keeps its process for a while."""

    number = Input(Int(), "A number.")
    same = Output(Int(), "The number.")

    def compute(self, number):
        time.sleep(0.02)
        return {"same": number}


class EndNode(Node):
    """Takes what comes."""

    number = Input(Int(), "A number.")

    def compute(self, number):
        pass
'''
GRAPH = {"1": {"class_type": "CountNode", "inputs": {}},
         "2": {"class_type": "SlowNode", "inputs": {"number": ["1", 0]}},
         "3": {"class_type": "EndNode", "inputs": {"number": ["2", 0]}}}


@pytest.fixture
def graph(tmp_path):
    """Write a graph of which two nodes can work at the same time, in two processes."""
    (tmp_path / "types.py").write_text(TYPES)
    (tmp_path / "slow.json").write_text(json.dumps(GRAPH))
    return tmp_path / "slow.json", "--nodes", tmp_path / "types.py"


@pytest.mark.long
def test_two_nodes_that_keep_their_process_are_put_apart(graph, command, tmp_path):
    by_hand = tmp_path / "by_hand.yaml"
    by_hand.write_text("processes: {last: [3]}\n")
    done = command("place", *graph, "--duration", "1s", "--try", by_hand, "-o",
                   tmp_path / "p.json")
    assert done.returncode == 0, done.stderr
    processes = json.loads((tmp_path / "p.json").read_text())["processes"]
    assert not any({"count_1", "slow_2"} <= set(nodes) for nodes in processes.values())
    lines = [line.split("× fused") for line in done.stdout.splitlines()]
    assert {name.strip() for _, name in lines} >= {"fused", "split", str(by_hand)}
    assert float(lines[0][0]) > 1.2, "twice as fast, but for what the machine does besides"


@pytest.mark.long
def test_a_run_may_find_its_placement_itself(graph, start_run):
    run = start_run(*graph, "--place", "auto", "--duration", "1s")
    assert run.wait() == 0, run.output
    assert "times as fast as fused" in run.output
    assert len(run.report["processes"]) > 1


def test_a_graph_that_commands_a_robot_is_not_run_several_times(command, tmp_path, repository):
    robot = repository / "config/workflows/cartpole_on_robot.json"
    done = command("run", robot, "--place", "auto")
    assert done.returncode == 2
    assert "would act on others each time; where that is safe: dnne-ros place" in done.stderr


def test_what_cannot_be_tried_or_written(graph, command, tmp_path):
    for more, said in [
            (("-o", tmp_path / "none" / "p.json"), "not a directory that can be written"),
            (("--try", tmp_path / "none.yaml"), "cannot read the placement"),
            (("--duration", "soon"), "expected a duration")]:
        done = command("place", *graph, *more)
        assert done.returncode == 2 and said in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
