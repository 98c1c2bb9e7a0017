"""Bad input: one clear report, exit code 2, nothing started and nothing written."""

import json
import sys

import pytest


@pytest.fixture
def broken(tmp_path, cartpole):
    """Write the Cartpole workflow with a change in it."""
    def write(change):
        document = json.loads(cartpole.read_text())
        change({node["id"]: node for node in document["nodes"]}, document)
        path = tmp_path / "broken.json"
        path.write_text(json.dumps(document))
        return path
    return write


def refused(result, *expected):
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    for text in expected:
        assert text in result.stderr


@pytest.mark.parametrize("text, expected", [
    ("{", "not JSON"),
    ("[]", "not a workflow"),
    ("{}", "empty graph"),
    ('{"nodes": [], "links": []}', "empty graph"),
    ('{"hello": 1}', "not a workflow"),
])
@pytest.mark.parametrize("verb", ["check", "run"])
def test_what_is_no_workflow(command, tmp_path, verb, text, expected):
    path = tmp_path / "w.json"
    path.write_text(text)
    refused(command(verb, path), "w.json", expected)


def test_no_such_file(command, tmp_path):
    refused(command("run", tmp_path / "absent.json"), "absent.json", "no such file")


def test_everything_wrong_is_listed_at_once(command, broken):
    def change(nodes, document):
        nodes[3]["type"] = "PPOAgnetNode"
        nodes[1]["widgets_values"][1] = -5
        nodes[6]["widgets_values"][3] = "much"
        document["links"] = [link for link in document["links"] if link[0] != 10]
        nodes[6]["inputs"][2]["link"] = None

    result = command("run", broken(change), "--set", "9.x=1", "--set", "nonsense")
    refused(result, "broken.json: 6 problems", "PPOAgentNode", "-5", "gamma", "'reward'",
            "--set 9.x=1", "NODE.WIDGET=VALUE")


@pytest.mark.parametrize("arguments, expected", [
    (["--place", "absent.yaml"], "absent.yaml"),
    (["--load-checkpoint-dir", "absent"], "no checkpoint here"),
    (["--save-checkpoint-dir", "/proc/nowhere"], "cannot write checkpoints"),
    (["--report", "/proc/nowhere/r.json"], "not a directory that can be written"),
    (["--set", "6.gamma=2"], "from 0.0 to 1.0"),
    (["--set", "3.activation=gelu"], "relu, tanh, elu"),
    (["--set", "3.hidden_sizes=64;64"], "64;64"),
    (["--set", "6.checkpoint_trigger_type=time", "--set", "6.checkpoint_trigger_value=soon"],
     "1h30m"),
    (["--nodes", "absent.py"], "absent.py"),
    (["--duration", "soon"], "5m"),
    (["--seed", "-1"], "whole number"),
])
def test_arguments_that_do_not_fit(command, cartpole, tmp_path, arguments, expected):
    refused(command("run", cartpole, *arguments, cwd=tmp_path), expected)
    assert not list(tmp_path.iterdir())


def test_names_from_a_file_give_the_terminal_no_order(command, tmp_path):
    orders = "\x1b]0;owned\x07"
    path = tmp_path / "w.json"
    path.write_text(json.dumps({
        f"1{orders}": {"class_type": "ORNode", "inputs": {f"gain{orders}": 1}},
        "2": {"class_type": f"Odd{orders}", "inputs": {}}}))
    shown = r"\x1b]0;owned\x07"
    result = command("check", path)
    refused(result, f"node 1{shown} (ORNode)", f"gain{shown}", f"(Odd{shown})")
    assert "\x1b" not in result.stderr + result.stdout


def test_a_checkpoint_of_another_shape(command, start_run, cartpole, tmp_path):
    small = ("--set", "1.num_envs=8", "--quiet")
    trained = start_run(cartpole, *small, "--set", "3.hidden_sizes=16", "--duration", "0.5s",
                        "--save-checkpoint-dir", tmp_path / "c")
    assert trained.wait() == 0, trained.output
    other = start_run(cartpole, *small, "--set", "3.hidden_sizes=32", "--load-checkpoint-dir",
                      tmp_path / "c")
    assert other.wait() == 2
    assert "hidden_sizes is (16,) in the checkpoint and (32,) in the workflow" in other.output
    more = start_run(cartpole, "--set", "1.num_envs=4", "--set", "3.hidden_sizes=16", "--quiet",
                     "--load-checkpoint-dir", tmp_path / "c")
    assert more.wait() == 2
    assert "8" in more.output and "4 environments" in more.output


def test_a_damaged_checkpoint(start_run, cartpole, tmp_path):
    run = start_run(cartpole, "--set", "1.num_envs=8", "--quiet", "--duration", "0.5s",
                    "--save-checkpoint-dir", tmp_path / "c")
    assert run.wait() == 0, run.output
    weights = next((tmp_path / "c").glob("node_3/weights*"))
    weights.write_bytes(weights.read_bytes()[:40])
    again = start_run(cartpole, "--set", "1.num_envs=8", "--quiet", "--load-checkpoint-dir",
                      tmp_path / "c")
    assert again.wait() == 2
    assert "weights" in again.output and "damaged" in again.output
    assert "Traceback" not in again.output


def test_two_runs_do_not_write_one_checkpoint(start_run, cartpole, tmp_path):
    first = start_run(cartpole, "--set", "1.num_envs=8", "--save-checkpoint-dir", tmp_path / "c")
    first.until_progress()
    second = start_run(cartpole, "--set", "1.num_envs=8", "--save-checkpoint-dir", tmp_path / "c",
                       "--ros-args", "-r", "__ns:=/second")
    assert second.wait() == 2
    assert "another run is writing" in second.output
    first.interrupt()
    assert first.wait() == 130


def test_a_ros_parameter_that_does_not_fit(start_run, cartpole):
    run = start_run(cartpole, "--quiet", "--ros-args", "-p", "gamma:=7.5", "-p",
                    "horizon_length:=many")
    assert run.wait() == 2
    assert "gamma of /cartpole_ppo/ppo_trainer_6: expected a number from 0.0 to 1.0" in run.output
    assert "horizon_length of /cartpole_ppo/ppo_trainer_6: expected an integer" in run.output
    assert "Traceback" not in run.output


@pytest.mark.parametrize("module, words", [
    ("dnne_ros", ["run"]), ("dnne_ros", ["check"]), ("dnne_ros.hosting.host", [])])
def test_a_working_directory_that_is_gone(start_command, cartpole, tmp_path, module, words):
    gone = tmp_path / "gone"
    gone.mkdir()
    start = f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    enter = f"import os, runpy, sys; os.rmdir(os.getcwd()); sys.path.pop(0); {start}"
    run = start_command([sys.executable, "-c", enter], *words, cartpole, folder=gone, cold=True)
    assert run.wait() == 2, run.output
    assert "working directory: it is gone" in run.output and "Traceback" not in run.output


def test_help_shows_examples(command):
    result = command("--help")
    assert result.returncode == 0
    assert "examples:" in result.stdout and "exit codes" in result.stdout
    assert "--until-return" in command("run", "--help").stdout


def test_a_host_that_there_is_not_is_named_before_a_key_is_asked_for(command, cartpole, tmp_path):
    refused(command("run", cartpole, "--host", "arm"), "--host", "the placement has no hosts")
    place = tmp_path / "place.yaml"
    place.write_text("{processes: {sim: [1, 2, 4, 5], learner: [3, 6, 7]}, "
                     "hosts: {robot: [sim], desk: [learner]}}")
    result = command("run", cartpole, "--place", place, "--host", "arm")
    refused(result, "no host 'arm' in the placement; expected one of robot, desk")
    assert "key" not in result.stderr
    refused(command("run", cartpole, "--place", place, "--host", "desk"),
            "host desk: has no key of the run")
