"""The main job, end to end: real processes, real DDS, real physics."""

import json
import signal

import pytest
from patience import until_gone

FAST = ("--set", "1.num_envs=128", "--set", "6.minibatch_size=512",
        "--quiet")


def losses_of(start_run, *arguments):
    run = start_run(*arguments)
    assert run.wait() == 0, run.output
    return run.report["losses"]


@pytest.fixture(scope="module")
def fused_losses(tmp_path_factory, start_command, cartpole):
    """An uninterrupted fused run of at least 25 updates, in new interpreters."""
    folder = tmp_path_factory.mktemp("fused")
    run = start_command("dnne_ros", "run", cartpole, *FAST, "--until-return", "120",
                        "--report", "report.json", folder=folder, cold=True)
    assert run.wait() == 0, run.output
    losses = json.loads((folder / "report.json").read_text())["losses"]
    assert len(losses) >= 25
    return losses


def test_not_compiled_gives_the_same_losses_bit_by_bit(start_run, cartpole, fused_losses):
    assert losses_of(start_run, cartpole, *FAST, "--until-return", "120", "--no-compile") \
        == fused_losses


def test_split_gives_the_same_losses_bit_by_bit(start_run, cartpole, fused_losses):
    run = start_run(cartpole, *FAST, "--until-return", "120", "--place", "split", cold=True)
    assert run.wait() == 0, run.output
    assert run.report["losses"] == fused_losses
    assert len(run.report["processes"]) == 6
    crossing = [edge for edge in run.report["edges"] if edge["transport"] != "local"]
    assert len(crossing) >= 12
    for edge in crossing:
        assert edge["lost"] == 0 and edge["duplicated"] == 0, edge
        assert set(edge["carried"]) <= {"socket", "shared_memory", "dds"}, edge
        # What there is before a socket is connected goes over DDS: a window at most.
        assert edge["carried"].get("dds", 0) <= 100, edge
        if edge["policy"] == "lossless":
            assert edge["sent"] - edge["received"] in (0, 1, 2), edge


def test_another_seed_gives_other_losses(start_run, cartpole, fused_losses):
    other = losses_of(start_run, cartpole, *FAST, "--until-return", "15", "--seed", "1")
    assert other[0] != fused_losses[0]


@pytest.mark.parametrize("place", [pytest.param("fused", marks=pytest.mark.long), "split"])
def test_a_killed_run_resumes_with_the_same_losses(
        start_run, tmp_path, cartpole, fused_losses, place):
    checkpoint = tmp_path / "checkpoint"
    run = start_run(cartpole, *FAST, "--place", place, "--save-checkpoint-dir", checkpoint,
                    "--set", "6.checkpoint_enabled=true", "--set", "6.checkpoint_trigger_value=3")
    run.until((checkpoint / "checkpoint.json").exists, "a checkpoint")
    for child in run.children().values():
        child.send_signal(signal.SIGKILL)
    assert run.wait() != 0
    done = json.loads((checkpoint / "checkpoint.json").read_text())["metrics"]["total_updates"]
    assert done % 3 == 0
    resumed = losses_of(start_run, cartpole, *FAST, "--place", place, "--until-return", "120",
                        "--load-checkpoint-dir", checkpoint)
    assert resumed and resumed == fused_losses[done:]


def test_the_report_says_what_happened(start_run, cartpole, tmp_path):
    run = start_run(cartpole, *FAST, "--until-return", "15", "--plot", tmp_path / "curve.png")
    assert run.wait() == 0, run.output
    report = run.report
    assert report["exit_reason"] == "until_return"
    assert report["mean_return"] >= 15
    assert report["updates"] == len(report["losses"])
    assert report["env_steps"] == report["updates"] * 16 * 128
    assert report["solved"]["env_steps"] == report["env_steps"]
    assert 0 < report["solved"]["seconds"] <= report["seconds"]
    assert report["env_steps_per_s"] == pytest.approx(
        report["env_steps"] / report["seconds"], rel=0.01)
    assert {"name", "policy", "transport", "sent", "received", "lost", "duplicated",
            "blocked_s"} <= set(report["edges"][0])
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_a_goal_that_is_missed_is_a_failure(start_run, cartpole):
    run = start_run(cartpole, *FAST, "--until-return", "499", "--duration", "0.5s")
    assert run.wait() == 1
    assert run.report["solved"] is None
    assert "has not reached 499" in run.output


@pytest.mark.parametrize("place", ["fused", "split"])
def test_ctrl_c_saves_and_leaves_nothing_behind(start_run, cartpole, tmp_path, place):
    run = start_run(cartpole, *FAST[:-1], "--place", place, "--save-checkpoint-dir",
                    tmp_path / "c")
    run.until_progress()
    children = run.children()
    assert children
    run.interrupt()
    assert run.wait() == 130
    assert "Traceback" not in run.output
    assert run.report["exit_reason"] == "interrupted"
    assert not any(child.is_running() for child in children.values())
    manifest = json.loads((tmp_path / "c" / "checkpoint.json").read_text())
    # Aligned, unless the next boundary is more than a second away on this machine.
    assert set(manifest["nodes"]) == {"1", "3", "6"}


def test_a_killed_process_ends_a_split_run_and_is_named(start_run, cartpole):
    run = start_run(cartpole, *FAST[:-1], "--place", "split")
    run.until_progress()
    children = run.children()
    run.child("ppo_agent_3").kill()
    assert run.wait() == 1
    assert "ppo_agent_3 was killed by SIGKILL" in run.output
    assert "ppo_agent_3" in run.report["exit_reason"]
    assert not any(child.is_running() for child in children.values())


def test_processes_leave_when_the_supervisor_is_killed(start_run, cartpole):
    run = start_run(cartpole, *FAST[:-1], "--place", "split")
    run.until_progress()
    children = list(run.children().values())
    run.process.send_signal(signal.SIGKILL)
    until_gone(children)


def test_inference_keeps_real_time_and_does_not_learn(start_run, cartpole, tmp_path):
    trained = start_run(cartpole, *FAST, "--until-return", "30", "--save-checkpoint-dir",
                        tmp_path / "c")
    assert trained.wait() == 0, trained.output
    weights = {file: file.read_bytes() for file in (tmp_path / "c").glob("node_3/weights*")}
    play = start_run(cartpole, "--set", "1.num_envs=2", "--inference", "--load-checkpoint-dir",
                     tmp_path / "c", "--duration", "2s")
    assert play.wait() == 0, play.output
    assert play.report["updates"] == 0
    assert play.report["env_steps"] <= 2 * 2.5 * 60  # never faster than 60 steps a second
    assert weights == {file: file.read_bytes() for file in weights}


def test_the_graph_as_its_author_saved_it_runs_with_one_environment(
        start_run, upstream_cartpole):
    run = start_run(upstream_cartpole, "--until-return", "12")
    assert run.wait() == 0, run.output
    assert "no CUDA: running on the CPU" in run.output
    assert run.output.count("no CUDA") == 1
    assert run.report["env_steps"] == run.report["updates"] * 16
