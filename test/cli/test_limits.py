"""Limits end a run in order, in every placement and also where nobody supervises it."""

import json

import pytest


@pytest.mark.parametrize("place", ["fused", "split"])
def test_updates_end_a_run_which_has_saved_and_says_why(start_run, cartpole, tmp_path, place):
    run = start_run(cartpole, "--set", "1.num_envs=8", "--place", place, "--max-updates", "2",
                    "--save-checkpoint-dir", tmp_path / "c")
    assert run.wait() == 0, run.output
    assert "ended: max_updates" in run.output
    assert (run.report["exit_reason"], run.report["updates"]) == ("max_updates", 2)
    manifest = json.loads((tmp_path / "c" / "checkpoint.json").read_text())
    assert manifest["aligned"] and manifest["metrics"]["total_updates"] == 2


def test_a_goal_that_a_limit_came_before_is_missed(start_run, cartpole):
    run = start_run(cartpole, "--set", "1.num_envs=8", "--max-env-steps", "1",
                    "--until-return", "450")
    assert run.wait() == 1
    assert "the mean return has not reached 450" in run.output


@pytest.mark.parametrize("limit", [["--max-updates", "2"], ["--timeout", "1s"]])
def test_a_process_of_its_own_ends_too(start_command, cartpole, tmp_path, limit):
    """As `ros2 launch` starts it."""
    host = start_command("dnne_ros.hosting.host", cartpole, "--set", "1.num_envs=8", *limit,
                         "--save-checkpoint-dir", "c", folder=tmp_path)
    assert host.wait() == 0, host.output
    assert (tmp_path / "c" / "checkpoint.json").exists()


def test_a_limit_that_nothing_counts_is_refused_before_the_start(command, cartpole):
    done = command("run", cartpole, "--epochs", "3")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "no node of this graph counts epochs" in done.stderr
