"""`dnne-ros policy`: what a person sees of it."""

import json

import pytest
from trained_policies import policy_of, write_checkpoint


@pytest.fixture
def checkpoint(tmp_path):
    """Write a checkpoint with one policy."""
    return write_checkpoint(tmp_path / "checkpoint", {"3": policy_of("normalizer")})


def test_a_policy_goes_out_and_is_found_whole(command, checkpoint, tmp_path):
    folder = tmp_path / "out" / "policy"
    done = command("policy", "export", checkpoint, "-o", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"wrote {folder}: ")
    before = (folder / "bundle.json").stat().st_mtime_ns
    again = command("policy", "export", checkpoint, "-o", folder)
    assert again.stdout == f"{folder} is up to date\n"
    assert (folder / "bundle.json").stat().st_mtime_ns == before
    checked = command("policy", "check", folder, "--against", folder)
    assert checked.returncode == 0 and f"{folder} is whole" in checked.stdout
    assert "onnxruntime: as in training, to " in checked.stdout
    shown = command("policy", "show", folder).stdout
    assert shown.startswith("Reacher, at 50 Hz\n")
    assert "state/joint/velocity, rad/s" in shown and "command/joint/effort, N·m, scale 2" in shown
    assert shown.splitlines()[-1] == \
        "inside the network: normalization, action_clip, action_scale"


def test_another_robot_is_refused_by_the_field(command, checkpoint, tmp_path):
    command("policy", "export", checkpoint, "-o", tmp_path / "policy")
    robot = json.loads((tmp_path / "policy" / "interface.json").read_text())
    robot["rate_hz"], robot["actions"]["scale"] = 20.0, [1.0, 1.0]
    (tmp_path / "robot.json").write_text(json.dumps(robot))
    done = command("policy", "check", tmp_path / "policy", "--against", tmp_path / "robot.json")
    assert done.returncode == 2
    assert "rate_hz: expected 50.0, found 20.0" in done.stderr
    assert "actions.scale: expected [2.0, 2.0], found [1.0, 1.0]" in done.stderr


@pytest.mark.parametrize("words, said", [
    (["export", "nowhere", "-o", "policy"], "nowhere: "),
    (["check", "nowhere"], "nowhere: no policy bundle: bundle.json: No such file"),
    (["show", "nowhere"], "nowhere: no policy bundle: bundle.json: No such file")])
def test_what_is_not_there_is_named(command, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    done = command("policy", *words)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_policy_becomes_a_package_of_its_own(command, checkpoint, tmp_path):
    command("policy", "export", checkpoint, "-o", tmp_path / "policy")
    words = ("policy", "cpp", tmp_path / "policy", "-o", tmp_path / "ws", "--package", "my_policy")
    assert command(*words).stdout == f"wrote {tmp_path / 'ws' / 'my_policy'}: 7 files changed\n"
    assert command(*words).stdout == f"{tmp_path / 'ws' / 'my_policy'} is up to date\n"
    header = tmp_path / "ws" / "my_policy" / "include" / "my_policy" / "policy.hpp"
    header.write_text(header.read_text() + "// mine\n")
    done = command(*words)
    assert done.returncode == 2 and "policy.hpp" in done.stderr
    assert header.read_text().endswith("// mine\n")


@pytest.mark.parametrize("name", ["namespace", "class", "My_policy", "a/b", "x;y", "std_msgs"])
def test_a_package_that_cannot_have_its_name_is_refused(command, checkpoint, tmp_path, name):
    command("policy", "export", checkpoint, "-o", tmp_path / "policy")
    done = command("policy", "cpp", tmp_path / "policy", "-o", tmp_path / "ws", "--package", name)
    assert done.returncode == 2 and f"package name {name!r}" in done.stderr
    assert not (tmp_path / "ws").exists()
