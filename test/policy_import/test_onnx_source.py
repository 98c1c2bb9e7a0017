"""ONNX models of other programs, described by JSON or by Isaac Lab."""

import hashlib
import json

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper
from robot_interfaces import write_interface

from dnne_ros.errors import InputError
from dnne_ros.policies.bundle import INTERFACE, METADATA, MODEL, write_bundle
from dnne_ros.policies.checking import check_bundle
from dnne_ros.policies.interface import Interface
from dnne_ros.policies.runtimes import onnxruntime_policy
from dnne_ros.policy_import.importing import Source, imported_bundle

JOINTS = ("hip", "knee")
WEIGHTS = np.random.default_rng(4).standard_normal((2, 6), np.float32)


def linear_model(batch="batch", opset=17, weights=WEIGHTS):
    """Return obs (batch, 6) → actions (batch, 2), as rsl_rl names its ports."""
    return helper.make_model(helper.make_graph(
        [helper.make_node("Gemm", ["obs", "weights"], ["actions"], transB=1)], "main",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, [batch, 6])],
        [helper.make_tensor_value_info("actions", TensorProto.FLOAT, [batch, 2])],
        [numpy_helper.from_array(weights, "weights")]),
        opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def summing_model():
    """Return obs (1, 6) → actions (1, 2), which are of the sum of all observations so far."""
    return helper.make_model(helper.make_graph(
        [helper.make_node("Add", ["obs", "sum_in"], ["sum_out"]),
         helper.make_node("Gemm", ["sum_out", "weights"], ["actions"], transB=1)], "main",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 6])
         for name in ("obs", "sum_in")],
        [helper.make_tensor_value_info("actions", TensorProto.FLOAT, [1, 2]),
         helper.make_tensor_value_info("sum_out", TensorProto.FLOAT, [1, 6])],
        [numpy_helper.from_array(WEIGHTS, "weights")]),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture
def imported(tmp_path):
    """Import a model; returns the files of the bundle."""
    def call(model, interface=None, **changes):
        path = tmp_path / "policy.onnx"
        if model is not None:
            onnx.save(model, path)
        return imported_bundle(Source(
            "onnx", path, interface or write_interface(tmp_path, 6, JOINTS, **changes)))
    return call


ROWS = np.random.default_rng(5).standard_normal((500, 6), np.float32)
COMMAND = {"scale": [0.5, 2.0], "offset": [0.1, -0.1], "clip": [-1.0, 1.0]}


@pytest.mark.parametrize("opset", [11, 17])
def test_commands_are_those_of_the_model(imported, tmp_path, opset):
    files = imported(linear_model(opset=opset), actions=COMMAND)
    found = onnxruntime_policy(files[MODEL])(ROWS)
    wanted = (ROWS @ WEIGHTS.T).clip(-1, 1) * [0.5, 2.0] + [0.1, -0.1]
    assert np.abs(found - wanted).max() <= 1e-6
    write_bundle(tmp_path / "bundle", files)
    checked = check_bundle(tmp_path / "bundle")
    assert checked.interface.inside == ("action_clip", "action_scale", "action_offset")
    assert files == imported(linear_model(opset=opset), actions=COMMAND)


def test_what_the_model_does_itself_is_not_done_twice(imported):
    files = imported(linear_model(), actions=COMMAND, inside=["action_scale", "normalization"])
    found = onnxruntime_policy(files[MODEL])(ROWS)
    assert np.abs(found - (ROWS @ WEIGHTS.T).clip(-1, 1) - [0.1, -0.1]).max() <= 1e-6


def test_a_model_that_carries_something_on(imported, tmp_path):
    files = imported(summing_model())
    policy = onnxruntime_policy(files[MODEL])
    assert policy.states == ("sum",)
    for _ in range(2):
        policy.reset()
        found = np.concatenate([policy(row[None]) for row in ROWS[:20]])
        assert np.abs(found - ROWS[:20].cumsum(axis=0) @ WEIGHTS.T).max() <= 1e-5
    write_bundle(tmp_path / "bundle", files)
    assert check_bundle(tmp_path / "bundle").interface.states == ("sum",)


def test_a_model_of_ours_says_what_it_is(imported, tmp_path):
    files = imported(linear_model(), actions=COMMAND)
    (tmp_path / "policy.onnx").write_bytes(files[MODEL])
    again = imported_bundle(Source("onnx", tmp_path / "policy.onnx"))
    assert json.loads(again[INTERFACE])["inside"] == json.loads(files[INTERFACE])["inside"]
    assert (onnxruntime_policy(again[MODEL])(ROWS) == onnxruntime_policy(files[MODEL])(ROWS)).all()


def test_weights_beside_the_model_are_taken_in(imported, tmp_path):
    weights = np.random.default_rng(4).standard_normal((2, 6), np.float32)
    model = linear_model(weights=weights)
    onnx.save(model, tmp_path / "policy.onnx", save_as_external_data=True,
              location="policy.onnx.data", size_threshold=0)
    files = imported(None)
    (tmp_path / "policy.onnx.data").unlink()
    assert np.abs(onnxruntime_policy(files[MODEL])(ROWS) - ROWS @ weights.T).max() <= 1e-6
    with pytest.raises(InputError, match="has its weights in policy.onnx.data, which is not "
                                         "beside it: copy that file along"):
        imported(None)


def external(location):
    """Return a model whose weights are said to be at ``location``."""
    model = linear_model()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return model


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "link/secret"])
def test_weights_outside_of_the_folder_are_not_read(imported, tmp_path, location):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(bytes(48))
    (folder / "link").symlink_to(tmp_path)
    (folder / "policy.onnx").write_bytes(external(location).SerializeToString())
    with pytest.raises(InputError, match="names weights outside of its folder"):
        imported_bundle(Source("onnx", folder / "policy.onnx",
                               write_interface(tmp_path, 6, JOINTS)))


def with_ports(inputs, outputs):
    model = linear_model()
    model.graph.input.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in inputs)
    for name in outputs:
        model.graph.node.append(helper.make_node("Identity", ["actions"], [name]))
        model.graph.output.append(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 2]))
    return model


@pytest.mark.parametrize("model, said", [
    (with_ports(["more"], []), "expected one input of observations, one output of actions, and "
                               "states called NAME_in and NAME_out; found obs, more → actions"),
    (with_ports([], ["more"]), "found obs → actions, more"),
    (linear_model(weights=WEIGHTS[:, :5]), "not a sound ONNX model"),
    (linear_model(batch=3), "expected a batch of any size or of 1, found 3"),
    (linear_model(opset=10), "of opset 11 or newer, found 10")])
def test_a_model_that_is_not_understood_is_refused(imported, model, said):
    with pytest.raises(InputError, match=said):
        imported(model)


def test_an_interface_of_another_model_is_refused(imported, tmp_path):
    with pytest.raises(InputError) as refused:
        imported(linear_model(), write_interface(tmp_path, 7, ("hip", "knee", "toe")))
    assert "the interface names 7 observations, and the network has 6" in str(refused.value)
    assert "the interface names 3 actions, and the network has 2" in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"\x00" * 40, b"no model", b"\xff" * 200])
def test_what_is_no_model_is_refused(tmp_path, content):
    (tmp_path / "policy.onnx").write_bytes(content)
    with pytest.raises(InputError, match="expected an ONNX model"):
        imported_bundle(Source("onnx", tmp_path / "policy.onnx",
                               write_interface(tmp_path, 6, JOINTS)))


DESCRIPTORS = {
    "observations": {"policy": [
        {"name": "joint_pos_rel", "shape": [2], "joint_names": ["knee", "hip"],
         "joint_pos_offsets": [0.5, -0.25], "observation_type": "JointState",
         "overloads": {"scale": 2.0, "clip": [-1.5, 3.0], "history_length": 0}, "extras": {}},
        {"name": "base_ang_vel", "shape": [3], "observation_type": "RootState",
         "overloads": {"scale": None, "clip": None, "history_length": 0},
         "extras": {"axes": ["X", "Y", "Z"], "units": "rad/s"}},
        {"name": "phase", "shape": [1], "overloads": {}, "extras": {}}]},
    "actions": [{
        "name": "joint_position_action", "full_path": "isaaclab.envs.mdp.JointPositionAction",
        "action_type": "JointAction", "shape": [2], "joint_names": ["hip", "knee"], "scale": 0.25,
        "offset": [-0.25, 0.5], "clip": [[-1.0, 1.0], [-0.5, 2.0]]}],
    "articulations": {"robot": {
        "joint_names": ["knee", "hip", "toe"], "default_joint_pos": [0.5, -0.25, 0.0],
        "default_joint_stiffness": [40.0, 60.0, 5.0], "default_joint_damping": [1.0, 2.0, 0.5]}},
    "scene": {"physics_dt": 0.005, "dt": 0.02, "decimation": 4}}


def described(tmp_path, **changes):
    path = tmp_path / "IO_descriptors.yaml"
    path.write_text(yaml.safe_dump({**DESCRIPTORS, **changes}))
    return path


def test_isaac_labs_descriptors_are_the_interface(imported, tmp_path):
    files = imported(linear_model(), described(tmp_path))
    found = Interface.from_json(json.loads(files[INTERFACE]))
    assert (found.rate_hz, found.step_seconds, found.decimation) == (50.0, 0.005, 4)
    assert found.joints == ("knee", "hip", "toe")
    assert found.columns == ("knee.position", "hip.position", "base_ang_vel.x", "base_ang_vel.y",
                             "base_ang_vel.z", "phase.0")
    position, rotation, phase = found.observations
    assert position.offset == (0.5, -0.25) and position.scale == (2.0, 2.0)
    assert position.clip == (-3.0, 6.0)  # behind the scale here, before it there
    assert (rotation.units, rotation.scale, phase.kind) == (("rad/s",) * 3, None, "")
    assert found.actions.columns == ("hip", "knee")
    assert found.actions.kind == "command/joint/position"
    assert found.actions.kp == {"hip": 60.0, "knee": 40.0}
    assert found.actions.kd == {"hip": 2.0, "knee": 1.0}
    commands = onnxruntime_policy(files[MODEL])(3.0 * ROWS)
    wanted = (3.0 * ROWS @ WEIGHTS.T * 0.25 + [-0.25, 0.5]).clip([-1.0, -0.5], [1.0, 2.0])
    assert np.abs(commands - wanted).max() <= 1e-6


def test_a_history_is_oldest_first(tmp_path, imported):
    terms = [{"name": "joint_vel", "shape": [2], "joint_names": ["hip", "knee"],
              "overloads": {"history_length": 3}, "extras": {}}]
    files = imported(linear_model(), described(tmp_path, observations={"policy": terms}))
    assert Interface.from_json(json.loads(files[INTERFACE])).columns == (
        "hip.velocity[-2]", "knee.velocity[-2]", "hip.velocity[-1]", "knee.velocity[-1]",
        "hip.velocity[0]", "knee.velocity[0]")


def term(**changes):
    return {"observations": {"policy": [{**DESCRIPTORS["observations"]["policy"][0], **changes}]}}


def action(**changes):
    return {"actions": [{**DESCRIPTORS["actions"][0], **changes}]}


@pytest.mark.parametrize("changes, said", [
    ({"observations": {}}, "observations.policy: expected a list of terms, found NoneType"),
    ({"actions": []}, "expected at least one observation and one action"),
    ({"scene": {}}, "scene.dt: expected seconds, found None"),
    (term(joint_pos_offsets=[1.0]), r"observations.policy\[0\]: offsets: expected 2"),
    (term(shape=[2, 3]), "expected a shape of one axis"),
    (term(overloads={"scale": [1.0, 2.0], "clip": [-1.0, 1.0]}), "differs by column"),
    (term(extras={"modifiers": ["delay"]}), "has modifiers"),
    (action(action_type="DifferentialIK"), "expected a JointAction, found DifferentialIK"),
    (action(full_path="mdp.RelativeJointPositionAction"), "expected an action of joint positions"),
    (action(scale=[1.0]), r"actions\[0\]: scale: expected 2"),
    ({"articulations": {"robot": {"joint_names": ["hip", "knee"],
                                  "default_joint_stiffness": [1.0]}}},
     "default_joint_stiffness: expected 2")])
def test_descriptors_that_are_not_understood_are_refused(imported, tmp_path, changes, said):
    with pytest.raises(InputError, match=said):
        imported(linear_model(), described(tmp_path, **changes))


def odd_model(*nodes, **arrays):
    """Return obs (batch, 6) → actions (batch, 2) by ``nodes`` behind a linear one, ``raw``."""
    model = linear_model()
    model.graph.node[0].output[0] = "raw"
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(
        numpy_helper.from_array(array, name) for name, array in arrays.items())
    return model


@pytest.mark.parametrize("model, said", [
    (odd_model(helper.make_node("RandomNormalLike", ["raw"], ["noise"]),
               helper.make_node("Add", ["raw", "noise"], ["actions"])),
     "gives other actions than in training: they differ by"),
    (odd_model(helper.make_node("Div", ["raw", "zero"], ["endless"]),
               helper.make_node("Mul", ["endless", "zero"], ["actions"]),
               zero=np.zeros(1, np.float32)), "it gives actions that are not finite"),
    (odd_model(helper.make_node("ConstantOfShape", ["much"], ["zeros"]),
               helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
               helper.make_node("Add", ["raw", "sum"], ["actions"]),
               much=np.array([2**50], np.int64)), "the model cannot be run: "),
    (odd_model(helper.make_node("Reshape", ["raw", "shape"], ["flat"]),
               helper.make_node("Reshape", ["flat", "back"], ["actions"]),
               shape=np.array([7, 2], np.int64), back=np.array([-1, 2], np.int64)),
     "the model cannot be run: ")])
def test_a_model_that_is_no_policy_makes_no_bundle(imported, capfd, model, said):
    """At random, not finite, too large, or only for another batch."""
    with pytest.raises(InputError) as refused:
        imported(model)
    assert said in str(refused.value) and max(map(len, str(refused.value).splitlines())) < 500
    assert "onnxruntime" not in capfd.readouterr().err  # which has its own way to complain


@pytest.mark.parametrize("flaw", ["", "another byte", "another digest"])
def test_weights_beside_the_model_are_those_that_it_states(imported, tmp_path, flaw):
    model = linear_model()
    data = WEIGHTS.tobytes()
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    onnx.external_data_helper.set_external_data(
        model.graph.initializer[0], "policy.onnx.data", length=len(data), checksum=digest.upper()
        if flaw != "another digest" else "0" * 40)
    model.graph.initializer[0].ClearField("raw_data")
    (tmp_path / "policy.onnx.data").write_bytes(data + b"!" * (flaw == "another byte"))
    (tmp_path / "policy.onnx").write_bytes(model.SerializeToString())
    if not flaw:
        assert MODEL in imported(None)
        return
    with pytest.raises(InputError, match=r"policy\.onnx\.data: the SHA-1 is not the one that"):
        imported(None)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "[]"])
def test_an_interface_in_the_metadata_that_is_none_counts_for_nothing(tmp_path, text):
    model = linear_model()
    helper.set_model_props(model, {METADATA: text})
    onnx.save(model, tmp_path / "policy.onnx")
    with pytest.raises(InputError, match="nothing is known of its columns"):
        imported_bundle(Source("onnx", tmp_path / "policy.onnx"))
