"""A model with a loop that has no end."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from dnne_ros.errors import InputError
from dnne_ros.policies import checking, endless
from dnne_ros.policies.endless import EndlessError
from dnne_ros.policies.loading import load_policy
from dnne_ros.policies.sessions import open_session
from dnne_ros.policy_import.importing import Source, imported_bundle

FLOAT, BOOL = TensorProto.FLOAT, TensorProto.BOOL


def model_with_a_loop(rounds):
    """Add 1 to an observation ``rounds`` times; None: without an end."""
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go_in"], ["go_out"]),
         helper.make_node("Add", ["x_in", "one"], ["x_out"])], "body",
        [info("round", TensorProto.INT64, []), info("go_in", BOOL, []),
         info("x_in", FLOAT, ["batch", 1])],
        [info("go_out", BOOL, []), info("x_out", FLOAT, ["batch", 1])],
        [numpy_helper.from_array(np.ones(1, np.float32), "one")])
    constants = {"go": np.array(True), "rounds": np.array(rounds or 0)}
    graph = helper.make_graph(
        [helper.make_node("Loop", ["" if rounds is None else "rounds", "go", "observations"],
                          ["actions"], body=body)], "policy",
        [info("observations", FLOAT, ["batch", 1])], [info("actions", FLOAT, ["batch", 1])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


@pytest.fixture
def impatient(monkeypatch):
    """Give models with a loop a moment only."""
    monkeypatch.setattr(endless, "LONGEST_SECONDS", 0.1)


def test_a_loop_with_an_end_acts():
    session, _ = open_session(model_with_a_loop(3))
    (found,) = session.run(["actions"], {"observations": np.zeros((2, 1), np.float32)})
    assert found.tolist() == [[3.0], [3.0]]


@pytest.mark.usefixtures("impatient")
def test_a_policy_without_an_end_is_refused_where_it_is_loaded(tmp_path):
    (tmp_path / "policy.onnx").write_bytes(model_with_a_loop(None))
    with pytest.raises(InputError, match="it has not ended after 0.1 s: it has a Loop"):
        load_policy(tmp_path / "policy.onnx", "cpu")


@pytest.mark.usefixtures("impatient")
def test_it_makes_no_bundle(tmp_path):
    (tmp_path / "policy.onnx").write_bytes(model_with_a_loop(None))
    (tmp_path / "robot.json").write_text(json.dumps({
        "format": 2, "task": "reach", "joints": ["a"], "rate_hz": 50.0,
        "observations": [{"name": "position", "kind": "state/joint/position", "columns": ["a"],
                          "units": ["rad"]}],
        "actions": {"kind": "command/joint/effort", "columns": ["a"], "units": ["N·m"]}}))
    with pytest.raises(InputError, match="it has not ended after 0.1 s"):
        imported_bundle(Source("onnx", tmp_path / "policy.onnx", tmp_path / "robot.json"))


def test_a_check_tries_no_other_runtime(monkeypatch, repository):
    """onnx' own reference cannot be stopped."""
    class Endless:
        is_for_one = False

        def reset(self):
            pass

        def __call__(self, observations):
            raise EndlessError("it has not ended")

    def not_wanted(model):
        raise AssertionError("it would not end")

    monkeypatch.setattr(checking, "installed_runtimes", lambda: {
        "onnxruntime": lambda model: Endless(), "onnx.reference": not_wanted})
    with pytest.raises(InputError, match="onnxruntime: it has not ended"):
        checking.check_bundle(repository / "docs/examples/cartpole_policy")
