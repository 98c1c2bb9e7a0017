"""Bundles in LEAPP's format, written by hand: models of a few operators, easy to reckon with."""

import copy
import hashlib

import numpy as np
import yaml
from onnx import TensorProto, helper
from safetensors.numpy import save


def network(inputs, outputs, nodes, width=2):
    """Return an ONNX file of float32 (1, width) tensors."""
    values = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width])
               for name in names] for names in (inputs, outputs)]
    graph = helper.make_graph([helper.make_node(*node) for node in nodes], "g", *values)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)],
                             ir_version=8).SerializeToString()


def tensors(*names, width=2, **more):
    """Return descriptions of float32 (1, width) tensors."""
    return [{"name": name, "dtype": "float32", "shape": [1, width], "type": "tensor", **more}
            for name in names]


def model(path, content, inputs, outputs):
    """Return the description of a model."""
    return {"inputs": inputs, "outputs": outputs, "parameters": {
        "model_path": path, "backend": "onnx", "md5sum": "",
        "sha256sum": hashlib.sha256(content).hexdigest()}}


def write(folder, document):
    """Write a description; return its file."""
    (folder / "robot.yaml").write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return folder / "robot.yaml"


# The filter adds to what it kept; the head subtracts what was asked for, and doubles it.
FILTER = network(["seen", "kept"], ["smooth"], [("Add", ["seen", "kept"], ["smooth"])])
HEAD = network(["smooth", "asked"], ["action", "error"], [
    ("Sub", ["smooth", "asked"], ["error"]), ("Add", ["error", "error"], ["action"])])
TWO_MODELS = {
    "models": {  # not in the order in which they run
        "head": model("head.onnx", HEAD, tensors("smooth", "asked"), tensors(
            "action", "error", kind="target/joint/position", element_names=[["hip", "knee"]])),
        "filter": model("filter.onnx", FILTER, tensors("seen", "kept"), tensors("smooth"))},
    "pipeline": {
        "inputs": {"head": ["asked"], "filter": ["seen"]}, "outputs": {"head": ["action"]},
        "data_flow": {"filter/smooth": ["head/smooth"]},
        "feedback_flow": {"filter/smooth": ["filter/kept"]},
        "initial_values": "first.safetensors", "configs": {"frequency": 50, "other": "kept"}},
    "system information": {"leapp config version": "1.3", "cuda version": "None"},
    "something of a later version": [1, 2]}


def write_two_models(folder):
    """Write a filter with a state, and a head that takes what it gives."""
    (folder / "head.onnx").write_bytes(HEAD)
    (folder / "filter.onnx").write_bytes(FILTER)
    (folder / "first.safetensors").write_bytes(save(
        {"filter/kept": np.array([[1.0, 2.0]], np.float32)}))
    return write(folder, TWO_MODELS)


SUM = network(["position", "kept"], ["target"], [("Add", ["position", "kept"], ["target"])])
LEG = {
    "models": {"leg": model(
        "sum.onnx", SUM, [
            *tensors("position", kind="state/joint/position", element_names=[["hip", "knee"]]),
            *tensors("kept")],
        tensors("target", kind="target/joint/position", element_names=[["hip", "knee"]]))},
    "pipeline": {"inputs": {"leg": ["position"]}, "outputs": {"leg": ["target"]},
                 "data_flow": {}, "feedback_flow": {"leg/target": ["leg/kept"]}},
    "system information": {"leapp config version": "1.3"}}


def write_leg(folder, **configs):
    """Write a policy that commands the sum of all positions since it began, of two joints."""
    document = copy.deepcopy(LEG)
    document["pipeline"]["configs"] = configs
    (folder / "sum.onnx").write_bytes(SUM)
    return write(folder, document)
