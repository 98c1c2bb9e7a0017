"""Runs that are to save: what they leave, and what they say if they leave nothing."""

import json
import os

import pytest

SMALL = ("--set", "1.num_envs=8", "--quiet")
# So long a rollout is not full before the run ends: no boundary comes.
LONG_ROLLOUT = ("--set", "6.horizon_length=100000", "--set", "6.minibatch_size=8")

BREAKING = '''
"""A node whose state can be saved a few times only, and one that ends the run."""

import asyncio

from dnne_ros.node_api.checkpoint_trigger import CheckpointTrigger
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget


class Broken(Node):
    """Announces a boundary, and gives a number."""

    announces_boundaries = True
    number = Output(Float(), "One.")
    good_saves = Widget(0)
    has_state = Widget(True)
    saves = 0

    async def process(self):
        trigger = CheckpointTrigger("epoch", "1") if self.good_saves else None
        await self.context.boundary(1, None, trigger).reached()
        await self.send_output(1.0, "number")

    async def save_state(self, aligned):
        self.saves += 1
        if self.saves > self.good_saves:
            raise OSError("disk on fire")
        return NodeState() if self.has_state else None


class Last(Node):
    """Ends the run when a number has come."""

    number = Input(Float(), "One.")
    ends = Widget(True)

    async def process(self):
        await self.get_input("number")
        print("started", flush=True)
        if self.ends:
            await self.context.finish("seen")
        await asyncio.Event().wait()
'''


@pytest.fixture
def broken(tmp_path):
    """Return the arguments of a graph whose state cannot be saved."""
    (tmp_path / "breaking.py").write_text(BREAKING)
    (tmp_path / "graph.json").write_text(json.dumps({
        "1": {"class_type": "Broken", "inputs": {}},
        "2": {"class_type": "Last", "inputs": {"number": ["1", 0]}}}))
    return (tmp_path / "graph.json", "--nodes", tmp_path / "breaking.py", "--quiet",
            "--save-checkpoint-dir", tmp_path / "c")


@pytest.mark.parametrize("place", ["fused", pytest.param("split", marks=pytest.mark.long)])
def test_a_run_that_ends_before_the_first_boundary_is_saved_as_it_is(
        start_run, cartpole, tmp_path, place, ros_loop):
    from std_msgs.msg import Float32MultiArray

    heard = []
    ros_loop.node("watcher").create_subscription(
        Float32MultiArray, "/cartpole_ppo/cartpole_action_5/action", heard.append, 10)
    run = start_run(cartpole, *SMALL, *LONG_ROLLOUT, "--place", place,
                    "--save-checkpoint-dir", tmp_path / "c")
    ros_loop.run(ros_loop.until(lambda: heard), run)  # there is a policy
    run.interrupt()
    assert run.wait() == 130, run.output
    manifest = json.loads((tmp_path / "c" / "checkpoint.json").read_text())
    assert manifest["aligned"] is False and set(manifest["nodes"]) == {"1", "3", "6"}
    assert run.report["checkpoint"] == str(tmp_path / "c")
    assert run.report["checkpoint_error"] is None
    again = start_run(cartpole, *SMALL, *LONG_ROLLOUT, "--place", place, "--duration", "0.1s",
                      "--load-checkpoint-dir", tmp_path / "c")
    assert again.wait() == 0, again.output


@pytest.mark.parametrize("place", ["fused", "split"])
def test_a_node_that_cannot_be_saved_is_named_and_the_run_fails(
        start_run, broken, tmp_path, place):
    run = start_run(*broken, "--place", place)
    assert run.wait() == 1
    said = [line for line in run.output.splitlines() if line.startswith("dnne-ros: ")]
    assert len(said) == 1 and "Traceback" not in run.output
    assert f"no checkpoint was written to {tmp_path / 'c'}: " in said[0]
    assert "/graph/broken_1: save_state() failed: OSError: disk on fire" in said[0]
    assert run.report["checkpoint"] is None and run.report["exit_reason"] == "seen"
    assert "disk on fire" in run.report["checkpoint_error"]
    assert not (tmp_path / "c" / "checkpoint.json").exists()


def test_a_checkpoint_that_lacks_a_node_is_not_written(start_run, broken, tmp_path):
    run = start_run(*broken, "--set", "1.good_saves=9", "--set", "1.has_state=false")
    assert run.wait() == 1
    assert (f"no checkpoint was written to {tmp_path / 'c'}: nothing to save yet of node 1 "
            "(Broken)") in run.output
    assert not (tmp_path / "c" / "checkpoint.json").exists()


def test_an_interrupted_run_is_interrupted_whatever_it_could_save(start_run, broken, tmp_path):
    run = start_run(*broken, "--set", "2.ends=false")
    run.until(lambda: "started" in run.output, "the end of the nodes' work")
    run.interrupt()
    assert run.wait() == 130
    assert f"no checkpoint was written to {tmp_path / 'c'}: " in run.output


def test_a_last_state_that_is_lost_is_told_beside_what_there_is(start_run, broken, tmp_path):
    run = start_run(*broken, "--set", "1.good_saves=1")
    assert run.wait() == 1
    assert (f"dnne-ros: the checkpoint in {tmp_path / 'c'} is an earlier one: /graph/broken_1: "
            "save_state() failed: OSError: disk on fire") in run.output
    assert run.report["checkpoint"] == str(tmp_path / "c") and run.report["checkpoint_error"]
    assert json.loads((tmp_path / "c" / "checkpoint.json").read_text())["generation"] == 1


def test_a_killed_run_says_that_nothing_was_saved(start_run, cartpole, tmp_path):
    run = start_run(cartpole, *SMALL, *LONG_ROLLOUT, "--place", "split",
                    "--save-checkpoint-dir", tmp_path / "c")
    run.until(lambda: "ppo_agent_3" in run.children(), "the processes")
    run.children()["ppo_agent_3"].kill()
    assert run.wait() == 1
    assert "ppo_agent_3 was killed by SIGKILL" in run.output
    assert f"no checkpoint was written to {tmp_path / 'c'}: " in run.output
    assert run.report["checkpoint"] is None and run.report["checkpoint_error"]


def test_nothing_is_to_be_saved_in_inference(start_run, cartpole, trained, tmp_path):
    run = start_run(cartpole, *SMALL, "--inference", "--load-checkpoint-dir", trained,
                    "--save-checkpoint-dir", tmp_path / "c", "--duration", "0.1s")
    assert run.wait() == 0, run.output
    assert "nothing is saved with --inference" in run.output
    assert run.report["checkpoint"] is None and run.report["checkpoint_error"] is None
    assert os.listdir(tmp_path / "c") == [".lock"] or not os.listdir(tmp_path / "c")
