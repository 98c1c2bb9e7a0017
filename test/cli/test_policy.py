"""`dnne-ros policy`: what a person sees of it."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from robot_interfaces import write_interface
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
    node = ("it has no node and no controller: observations.observation is of no known kind, "
            "which no joint state has\n")
    assert command(*words).stdout == (
        f"wrote {tmp_path / 'ws' / 'my_policy'}: 7 files changed\n{node}")
    assert command(*words).stdout == f"{tmp_path / 'ws' / 'my_policy'} is up to date\n{node}"
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


@pytest.fixture
def model(tmp_path):
    """Write an ONNX model of two observations and one action, and its interface."""
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["obs", "weights"], ["actions"])], "main",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, ["batch", 2])],
        [helper.make_tensor_value_info("actions", TensorProto.FLOAT, ["batch", 1])],
        [numpy_helper.from_array(np.ones((2, 1), np.float32), "weights")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)],
                                ir_version=8), tmp_path / "model.onnx")
    write_interface(tmp_path, 2, ["hip"], actions={"scale": [0.5]})
    return tmp_path / "model.onnx"


def test_a_policy_of_another_program_comes_in(command, model, tmp_path):
    words = ("policy", "import", "onnx", model, "--interface", tmp_path / "robot.json", "-o",
             tmp_path / "policy")
    done = command(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"wrote {tmp_path / 'policy'}: policy.onnx, ")
    assert command(*words).stdout == f"{tmp_path / 'policy'} is up to date\n"
    checked = command("policy", "check", tmp_path / "policy", "--against", tmp_path / "robot.json")
    assert checked.returncode == 0 and "is whole" in checked.stdout
    assert command("policy", "show", tmp_path / "policy").stdout.splitlines()[-1] == \
        "inside the network: action_scale"


def test_what_cannot_come_in_is_said_at_once_and_nothing_is_written(command, model, tmp_path):
    robot = json.loads((tmp_path / "robot.json").read_text())
    robot["rate_hz"] = "fast"
    (tmp_path / "robot.json").write_text(json.dumps(robot))
    model.write_bytes(b"no model")
    done = command("policy", "import", "onnx", model, "--interface", tmp_path / "robot.json",
                   "--activation", "elu", "-o", tmp_path / "policy")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    for said in ("3 problems", "--activation is for rsl_rl", "expected an ONNX model, found none",
                 "robot.json: rate_hz: expected number, found \"fast\""):
        assert said in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx", "robot.json"]
