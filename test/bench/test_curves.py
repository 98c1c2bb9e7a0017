"""Learning beside Stable-Baselines3: the same settings, runs that are kept, an honest verdict."""

import argparse
import json

import pytest

from dnne_ros.bench import curves, curves_setting as setting
from dnne_ros.bench.curves_picture import picture
from dnne_ros.errors import InputError

pytest.importorskip("stable_baselines3")


def options(*words):
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    curves.add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.long
def test_both_learn_and_what_is_finished_is_kept(tmp_path):
    pytest.importorskip("mujoco")
    said = []
    words = ("--tasks", "Hopper-v5", "--steps", str(setting.UPDATE), "--rounds", "1", "--folder",
             str(tmp_path / "kept"), "--plot", str(tmp_path / "curves.png"))
    found = curves.measure(options(*words), said.append)
    assert json.loads(json.dumps(found)) is not None
    for case in (curves.OURS, curves.SB3):
        [[steps, value]], = found["curves"]["Hopper-v5"][case]
        assert steps == setting.UPDATE and 0 < value < 200
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    said.clear()
    again = curves.measure(options(*words), said.append)
    assert all(": kept in " in line for line in said) and len(said) == 2
    assert again["summary"] == found["summary"]
    with pytest.raises(InputError, match="expected a run with these settings"):
        curves.measure(options(*words, "--steps", "4096"), said.append)


def test_a_run_that_fails_is_no_result(tmp_path):
    with pytest.raises(InputError, match="No-v5"):
        curves.measure(options("--tasks", "No-v5", "--folder", str(tmp_path)), print)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mine, its, holds", [
    ((10.0, 20.0), (14.0, 18.0), True), ((10.0, 12.0), (20.0, 22.0), False),
    ((30.0, 31.0), (20.0, 22.0), True), ((10.0,), (10.0,), None)])
def test_the_verdict_allows_for_the_standard_error(mine, its, holds):
    summary = curves._summary({
        case: [[(1, value)] for value in values]
        for case, values in ((curves.OURS, mine), (curves.SB3, its))})
    assert summary["holds"] is holds
    table, = curves.tables({"steps": 1, "rounds": len(mine), "summary": {"Hopper-v5": summary}})
    assert table.rows[0][-1] == {True: "yes", False: "no", None: "–"}[holds]


def test_curves_of_different_lengths_are_drawn():
    drawn = picture({"Hopper-v5": {"graph": [[(10, 1.0), (20, 2.0)], [(12, 1.0), (30, 5.0)]]}})
    assert drawn.startswith(b"\x89PNG")
