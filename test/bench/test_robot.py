"""`dnne-ros bench robot`: what a robot waits for, and what it is told of it."""

import argparse
import json
import os
import statistics
import subprocess
import sys

import pytest

from dnne_ros.bench import robot
from dnne_ros.bench.process_use import cpu_seconds, family, largest_mib, together_mib
from dnne_ros.bench.robot_turns import TURNS_IN_A_ROUND
from dnne_ros.cli.main import main

WAY = {"ready_s": 0.5, "p50_us": 1500.0, "p99_us": 3000.0, "age_p50_us": 1650.0,
       "age_p99_us": 4000.0, "answered": 0.999, "core_share": 0.05, "cpu_us": 600.0,
       "largest_mib": 70.0, "together_mib": 60.0}
BY_HAND, FUSED = "500 Hz: by hand, events executor", "500 Hz: OnnxPolicy without torch, fused"


@pytest.fixture(scope="module")
def measured(start_command, tmp_path_factory):
    """A short run of one of each kind: its document and what it printed."""
    folder = tmp_path_factory.mktemp("bench")
    process = start_command(
        "dnne_ros", "bench", "robot", "--rounds", "1", "--states", "20", "--seconds", "0.2",
        "--only", f"{BY_HAND};{FUSED};session, ours", "--json", folder / "robot.json",
        folder=folder, separate=True, environment={"COLUMNS": "200"})
    assert process.wait() == 0, process.said()
    return json.loads((folder / "robot.json").read_text()), process.output


def test_a_robot_is_commanded_by_hand_and_by_a_graph(measured):
    document, shown = measured
    ways = [document["medians"][case] for case in (BY_HAND, FUSED)]
    for figures in ways:
        assert set(figures) == set(WAY)
        assert 0 < figures["p50_us"] <= figures["p99_us"] and figures["ready_s"] > 0
        assert 0 < figures["age_p50_us"] <= figures["age_p99_us"]
        assert 0 <= figures["answered"] <= 1 and figures["largest_mib"] > 10
    by_hand, ours = (document["all_rounds"][case] for case in (BY_HAND, FUSED))
    assert len(ours["p50_us"]) == TURNS_IN_A_ROUND and len(ours["p99_us"]) == 1
    assert document["ratios"][FUSED]["p99_us"] == pytest.approx(
        ours["p99_us"][0] / by_hand["p99_us"][0])
    assert document["ratios"][FUSED]["p50_us"] == pytest.approx(statistics.median(
        mine / its for mine, its in zip(ours["p50_us"], by_hand["p50_us"], strict=True)))
    assert document["medians"]["session, ours"]["core_share"] > 0
    assert FUSED in shown and "session, ours" in shown


def test_the_tables_set_ours_beside_what_is_written_by_hand():
    ways, starts = robot.tables({"medians": {"OnnxPolicy": WAY}, "ratios": {"OnnxPolicy": {
        "p50_us": 1.25, "p99_us": 1.5, "p50_same_way": 1.2, "p99_same_way": None, "age": 1.1,
        "cpu_us": 2.0, "ready_s": None}}})
    assert ways.rows == [("OnnxPolicy", "1.50 ms", "1.25", "1.20", "3.00 ms", "1.50", "–",
                          "99.9%", "1.65 ms", "1.10", "600 µs", "2.00")]
    assert starts.rows == [("OnnxPolicy", "0.50 s", "–", "73 MB", "63 MB")]


def test_each_rate_is_counted_for_the_same_time_and_cases_are_compared_turn_by_turn(monkeypatch):
    counted = {}

    def one_round(commanders, model, rate, states, say):
        counted[rate] = states
        return {name: {**{figure: [value] for figure, value in WAY.items()},
                       **dict.fromkeys(("p50_us", "age_p50_us"), [100.0, 300.0, 100.0]
                                       if "by hand" in name else [110.0, 330.0, 440.0])}
                for name in commanders}

    monkeypatch.setattr(robot, "_make_policy", lambda folder: None)
    monkeypatch.setattr(robot, "one_round", one_round)
    found = robot.measure(argparse.Namespace(
        states=600, seconds=1.0, only="by hand, events executor;OnnxPolicy without", rounds=2),
        lambda said: None)
    assert counted == {60.0: 600, 500.0: 5000}
    assert found["ratios"][FUSED]["p50_us"] == pytest.approx(1.1)
    assert found["ratios"][FUSED]["p50_same_way"] == pytest.approx(1.1)
    assert found["medians"][FUSED]["p50_us"] == 330.0


@pytest.mark.parametrize("words, said", [
    (("--only", "nothing"), "--only: expected a part of 60 Hz: by hand; 60 Hz: by hand, events"),
    (("--states", "0"), "--states, --seconds: expected numbers above 0")])
def test_what_cannot_be_measured_is_said_at_once(capsys, words, said):
    assert main(["bench", "robot", *words]) == 2
    assert said in capsys.readouterr().err


def test_what_a_command_takes_is_that_of_all_that_it_has_started():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert {os.getpid(), child.pid} <= {*family(os.getpid())}
        assert family(child.pid) == [child.pid]
        assert cpu_seconds([os.getpid()]) > 0
        assert largest_mib([os.getpid()]) >= together_mib([os.getpid()]) > 1
    finally:
        child.communicate(b"\n")
    assert family(child.pid) == [] and largest_mib([child.pid]) == 0
