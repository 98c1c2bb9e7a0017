"""A run in which nothing moves says what each node waits for, in every placement."""

import json
from pathlib import Path

import pytest

NODES = Path(__file__).with_name("standing_nodes.py")


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


RUNS_DRY = {"1": node("Once"), "2": node("ORNode", input_a=["1", 0], input_b=["3", 0]),
            "3": node("Pair", first=["2", 0], second=["4", 0]), "4": node("Flood")}


@pytest.fixture
def stand(start_run, tmp_path):
    """Start a run of nodes that come to a standstill."""
    def start(nodes, *options):
        file = tmp_path / "stands.json"
        file.write_text(json.dumps(nodes))
        return start_run(file, "--nodes", NODES, "--quiet", *options)
    return start


@pytest.mark.parametrize("place", [
    pytest.param("fused", marks=pytest.mark.long), "split"])
def test_a_loop_that_has_run_dry(stand, place):
    run = stand(RUNS_DRY, "--place", place)
    run.until(lambda: "nothing has moved for" in run.output, "a word of it")
    run.until(lambda: "flood_4 is held" in run.output, "the last line")
    lines = {line.split()[0]: line for line in run.output.splitlines() if line.startswith("  ")}
    assert "once_1 is through" in lines["once_1"]
    assert "waits for an item at input first from or_2/output (1 so far)" in lines["pair_3"]
    assert "input input_a from once_1/out (1 so far) and" in lines["or_2"]
    assert "input input_b from pair_3/out (none so far)" in lines["or_2"]
    assert "full edge from its output out to pair_3/second" in lines["flood_4"]
    assert "or_2 waits for pair_3 waits for or_2" in lines["in"]
    run.interrupt()
    assert run.wait() == 130 and run.output.count("nothing has moved") == 1
    assert len(run.report["standstill"]) == 5


def test_a_loop_whose_merge_was_bypassed_in_the_editor(stand, cartpole, tmp_path):
    """Of the observations only the first ever come: the agent waits for one that is through."""
    document = json.loads(cartpole.read_text())
    merge, = (each for each in document["nodes"] if each["type"] == "ORNode")
    merge["mode"] = 4
    run = stand(document, "--set", "1.num_envs=2")
    run.until(lambda: "display_7 waits" in run.output, "a word of it")
    assert "isaac_gym_env_1 is through and gives nothing more" in run.output
    assert "input observations from isaac_gym_env_1/observations (1 so far)" in run.output
    assert "in a circle" not in run.output


def test_simulated_time_that_nobody_gives(stand):
    run = stand({"1": node("Ticks")}, "--ros-args", "-p", "use_sim_time:=true")
    run.until(lambda: "ticks_1 has use_sim_time and waits for the topic /clock, which has no "
                      "publishers" in run.output, "a word of the clock")


def test_a_node_that_blocks_the_loop_is_named_with_its_place(stand):
    run = stand({"1": node("Blocks")})
    run.until(lambda: "/stands/blocks_1 holds up all nodes of its process for 1" in run.output,
              "a word of it")
    assert "process at standing_nodes.py:" in run.output


def test_a_graph_that_waits_for_others_says_for_whom_and_no_more(stand):
    run = stand({"1": node("Takes")})
    run.until(lambda: "waits for the topic /stands/takes_1/value, which has no publishers"
              in run.output, "a word of the topic")
    run.interrupt()
    assert run.wait() == 130
    assert "nothing has moved" not in run.output and run.report["standstill"] == []
