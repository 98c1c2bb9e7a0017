"""What a page is told of a run: at the nodes and links of the drawing."""

import time
from pathlib import Path

import pytest

from dnne_ros.editor.drawn_graph import check_drawing
from dnne_ros.editor.figures import figures, progress_state, summary
from dnne_ros.editor.opening import openable
from dnne_ros.editor.run import Run, State
from dnne_ros.node_api.health import Level
from dnne_ros.top.state import Entry, GraphState
from dnne_ros.workflow.json_text import load_json

CONFIG = Path(__file__).parents[2] / "config" / "workflows"


@pytest.fixture
def run(cartpole, catalogue):
    return Run(1, check_drawing(cartpole, CONFIG / "cartpole_ppo.json", catalogue), [])


def entry(level=Level.OK, age=0.0, **values):
    return Entry(level, "as it is", values, time.monotonic() - age)


def test_figures_are_those_of_the_drawing_s_nodes_and_links(run):
    heard = GraphState("/cartpole_ppo", nodes={
        "ppo_trainer_6": entry(taken_per_s=30.0, sent_per_s=5.0, cpu_percent=40.0),
        "display_7": entry(taken_per_s=0, sent_per_s=0),
        "somebody_else_9": entry(taken_per_s=1.0, sent_per_s=1.0)}, ends={
        "ppo_agent_3/policy_output → ppo_trainer_6/policy_output": {"both": entry(
            Level.WARN, received_per_s=30.0, depth=3, capacity=100, blocked_percent=60.0)},
        "/joint_states → somebody_else_9/joints": {"receiver": entry(received_per_s=1.0)}})
    found = figures(run, heard, 0.0)
    assert found["nodes"]["6"]["taken_per_s"] == 30.0
    assert set(found["nodes"]) == {"6", "7"}
    assert [(each["source"], each["target"], each["level"], each["depth"])
            for each in found["edges"]] == [
        (["3", "policy_output"], ["6", "policy_output"], "WARN", 3)]
    lit = progress_state(run, found["nodes"])["nodes"]
    assert {id: node["state"] for id, node in lit.items()} == {"6": "running"}


def test_what_an_earlier_run_or_a_silent_one_has_said_counts_for_nothing(run):
    heard = GraphState("/cartpole_ppo", nodes={
        "ppo_trainer_6": entry(age=2.0, taken_per_s=30.0, sent_per_s=5.0),
        "ppo_agent_3": entry(age=60.0, taken_per_s=30.0, sent_per_s=5.0)})
    assert set(figures(run, heard, 0.0)["nodes"]) == {"6"}
    assert figures(run, heard, time.monotonic() - 1.0)["nodes"] == {}
    assert figures(run, None, 0.0) == {"run": run.id, "nodes": {}, "edges": []}


def test_what_a_node_is_short_for_is_shown_at_it(catalogue):
    """A composite node runs as nodes that nobody has drawn."""
    path = CONFIG / "cartpole_ppo_config.json"
    drawn = check_drawing(openable(load_json(path), path, catalogue), path, catalogue)
    ids = {str(node["id"]) for node in drawn.document["nodes"]}
    assert set(drawn.shown_at) - ids, "nothing was expanded"
    assert set(drawn.shown_at.values()) <= ids


def test_all_are_lit_while_it_starts_and_a_failed_node_is_marked(run):
    run.state = State.STARTING
    assert len(progress_state(run, {})["nodes"]) == 7
    run.state = State.RUNNING
    run.note({"kind": "error", "message": "ppo_trainer_6 (item 3): ValueError: no"})
    assert progress_state(run, {})["nodes"]["6"]["state"] == "error"


def test_a_curve_is_told_from_where_a_page_has_it(run):
    for number in range(5):
        run.note({"kind": "progress", "metrics": {"env_steps": number, "mean_return": 2.0 * number,
                                                  "loss": None}})
    run.note({"kind": "progress", "metrics": {"env_steps": 9}})  # no point of a curve
    assert len(run.curve) == 5
    told = summary(run, 3)
    assert told["known_points"] == 3
    assert told["curve"] == run.curve[3:]
    assert told["trainers"] == ["6"]
    assert told["metrics"]["env_steps"] == 9


def test_a_long_curve_keeps_its_beginning_and_its_end(run):
    for number in range(9_000):
        run.note({"kind": "progress", "metrics": {"env_steps": number, "loss": 1.0}})
    assert 2_000 <= len(run.curve) <= 4_000
    assert run.curve[0]["env_steps"] == 0
    assert run.curve[-1]["env_steps"] > 8_990


def test_a_time_limit_says_when_it_ends_and_how_far_it_is(run):
    assert run.expected_end is None
    run.duration, run.state = 100.0, State.STARTING
    run.note({"kind": "running"})
    assert run.expected_end == run.started + 100.0
    value = progress_state(run, {"6": {"taken_per_s": 1, "sent_per_s": 0}})["nodes"]["6"]
    assert value["max"] == 100.0


@pytest.mark.parametrize("code, asked, failure, state", [
    (0, False, "", State.ENDED), (130, True, "", State.STOPPED), (1, True, "lost", State.FAILED),
    (2, False, "", State.FAILED), (130, False, "", State.STOPPED)])
def test_how_a_run_ends(code, asked, failure, state, run):
    run.state = State.STOPPING if asked else State.RUNNING
    run.lines.extend(["dnne-ros: x.json: nothing works"])
    run.note({"kind": "ended", "reason": "interrupted" if code == 130 else "duration",
              "failure": failure, "checkpoint_error": None})
    run.end(code)
    assert run.state is state
    if state is State.FAILED:
        assert run.failure == (failure or "dnne-ros: x.json: nothing works")
