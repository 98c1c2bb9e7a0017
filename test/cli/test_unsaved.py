"""A run that was asked to save and has not says so."""

import pytest

STUCK = '''
import time

from dnne_ros.node_api.node import Node


class StuckNode(Node):
    """Block the process for good, so that it can neither save nor end by itself."""

    async def process(self):
        time.sleep(100_000)
'''


@pytest.fixture
def stuck(tmp_path):
    """Return the arguments of a graph that does not react."""
    (tmp_path / "stuck.py").write_text(STUCK)
    (tmp_path / "stuck.json").write_text('{"1": {"class_type": "StuckNode", "inputs": {}}}')
    return tmp_path / "stuck.json", "--nodes", tmp_path / "stuck.py", "--quiet"


def test_what_had_to_be_killed_has_not_saved(start_run, stuck):
    run = start_run(*stuck, "--duration", "0.1s", "--save-checkpoint-dir", "kept")
    assert run.wait() == 1
    assert ("no checkpoint was written to kept: the run ended before one was complete"
            in run.output)
    assert run.report["checkpoint"] is None


def test_nothing_is_missed_where_nothing_was_asked_for(start_run, stuck):
    run = start_run(*stuck, "--duration", "0.1s")
    assert run.wait() == 0
    assert "checkpoint" not in run.output


def test_inference_has_nothing_to_save(start_run, cartpole):
    run = start_run(cartpole, "--inference", "--duration", "0.1s", "--quiet", "--set",
                    "1.num_envs=1", "--save-checkpoint-dir", "kept")
    assert run.wait() == 0
    assert "no checkpoint was written to kept: --inference learns nothing" in run.output
