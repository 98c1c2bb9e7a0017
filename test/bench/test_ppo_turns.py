"""What a step of the graph takes beyond its nodes' work."""

import json
import subprocess
import sys

import pytest

from dnne_ros.bench import ppo_setting
from dnne_ros.bench.ppo_turns import Turns


def test_the_graph_and_a_loop_over_its_nodes_take_turns(tmp_path):
    workflow = tmp_path / "ppo.json"
    workflow.write_text(json.dumps(ppo_setting.workflow(8)))
    done = subprocess.run(
        [sys.executable, "-m", "dnne_ros.bench.ppo_turns", str(workflow), "--seconds", "0.5"],
        capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found) == {f"{of}{which}" for of in ("graph", "loop", "hand over")
                          for which in ("", " cpu")}
    assert found["graph"] > 0 and found["loop"] > 0
    assert found["hand over"] == pytest.approx(found["graph"] - found["loop"])


def test_medians_of_turns_count():
    turns = Turns.__new__(Turns)
    turns.figures = {"graph": [(3e-6, 2e-6), (9e-6, 9e-6), (4e-6, 3e-6)],
                     "loop": [(1e-6, 1e-6), (2e-6, 1e-6), (2e-6, 2e-6)]}
    assert turns.medians() == pytest.approx({
        "graph": 4.0, "loop": 2.0, "hand over": 2.0, "graph cpu": 3.0, "loop cpu": 1.0,
        "hand over cpu": 2.0})
