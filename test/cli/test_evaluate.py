"""``dnne-ros evaluate``: numbers of a policy that has solved the task, and of one that has not."""

import json
import signal
import subprocess
import time

import psutil
import pytest
from patience import Patience

from dnne_ros.cli import evaluate as evaluate_command

SHORT = ("--episodes", "12", "--seeds", "1")


@pytest.fixture(scope="module")
def untrained(start_command, cartpole, tmp_path_factory):
    folder = tmp_path_factory.mktemp("untrained")
    run = start_command("dnne_ros", "run", cartpole, "--quiet", "--max-updates", "1",
                        "--set", "1.num_envs=16", "--set", "6.minibatch_size=64",
                        "--save-checkpoint-dir", "c", folder=folder)
    assert run.wait() == 0, run.output
    return folder / "c"


def evaluate(start_command, folder, *arguments):
    command = start_command("dnne_ros", "evaluate", *arguments, folder=folder, separate=True)
    return command.wait(), command


def test_it_gives_the_same_numbers_twice_and_says_which_policy_is_better(
        start_command, tmp_path, cartpole, trained, untrained):
    code, twice = evaluate(start_command, tmp_path, cartpole, "--load-checkpoint-dir", trained,
                           "--against", trained, *SHORT, "--json", "--plot", "e.png")
    assert code == 0, twice.errors
    found = json.loads(twice.output)
    first, again = found["policies"]
    assert first["each"] == again["each"] and len(first["each"]) == 12
    assert [each["environment"] for each in first["each"]] == list(range(12)), "one each"
    assert found["comparison"]["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert (tmp_path / "e.png").read_bytes().startswith(b"\x89PNG")

    code, worse = evaluate(start_command, tmp_path, cartpole, "--load-checkpoint-dir", untrained,
                           "--against", trained, *SHORT, "--success-return", "400")
    assert code == 0, worse.errors
    assert f"{trained} is better" in " ".join(worse.output.split())
    assert "returned ≥ 400" in worse.output and "time limit" in worse.output


def test_what_cannot_be_evaluated_is_said_before_anything_starts(
        start_command, tmp_path, repository, cartpole, trained):
    for arguments, message in (
            ([repository / "config/workflows/mnist_mlp.json"], "expected one SimulatorEnv"),
            ([cartpole, "--load-checkpoint-dir", "nowhere"], "nowhere"),
            ([cartpole, "--randomization", "mass:x"], "--randomization"),
            ([cartpole, "--load-checkpoint-dir", trained, "--plot", "no/e.png"], "--plot"),
            ([cartpole, "--load-checkpoint-dir", trained, "--plot", "."], ". is a directory"),
            ([cartpole, "--load-checkpoint-dir", trained, "--success-return", "nan"],
             "--success-return: expected a finite number"),
            ([cartpole], "--load-checkpoint-dir")):
        code, command = evaluate(start_command, tmp_path, *arguments)
        assert code == 2 and message in command.errors, command.errors
        assert "seed 0" not in command.errors


def test_the_checkpoint_of_another_task_is_refused(
        start_command, tmp_path, repository, trained):
    pytest.importorskip("gymnasium", reason="needs gymnasium")
    code, command = evaluate(
        start_command, tmp_path, repository / "config/workflows/half_cheetah_ppo.json",
        "--load-checkpoint-dir", trained, "--episodes", "1", "--seeds", "1")
    assert code == 2 and "as in training, found" in command.errors, command.errors


def test_episodes_that_do_not_end_in_time_are_no_result(
        start_command, tmp_path, cartpole, trained):
    code, command = evaluate(start_command, tmp_path, cartpole, "--load-checkpoint-dir", trained,
                             *SHORT, "--timeout", "0.01s", "--json")
    assert code == 1 and "of 12 episodes had ended" in command.errors, command.errors
    assert not command.output


@pytest.mark.parametrize("end", ["interrupt", "kill -9"])
def test_the_run_of_an_evaluation_ends_with_it(start_command, tmp_path, cartpole, trained, end):
    command = start_command("dnne_ros", "evaluate", cartpole, "--load-checkpoint-dir", trained,
                            "--episodes", "1000000", "--environments", "4", folder=tmp_path,
                            separate=True)
    command.until(lambda: "env steps" in command.errors)
    family = [psutil.Process(each) for each in command.family()[1:]]
    assert family
    if end == "kill -9":
        command.process.send_signal(signal.SIGKILL)
        command.wait()
    else:
        command.interrupt()
        assert command.wait() == 130, command.errors
        assert "Traceback" not in command.errors and not command.output
    patience = Patience(lambda: [each.pid for each in family])
    while running := [each for each in family if each.is_running()]:
        assert not patience.spent(len(running)), command.errors
        time.sleep(0.01)  # the end of another's process has no event


def test_an_evaluation_that_may_go_on_for_ever_says_so_once(monkeypatch, capsys):
    """Unless it is given up after some time anyway."""
    monkeypatch.setattr(evaluate_command, "_SILENT_SECONDS", 0.01)
    for timeout, said in ((None, 1), (30.0, 0)):
        with subprocess.Popen(["sleep", "0.3"]) as process:
            assert evaluate_command._end_of(process, 2, timeout) == 0
        lines = capsys.readouterr().err
        assert lines.count("seed 2 goes on") == said
        assert lines.count("--timeout 5m") == said
