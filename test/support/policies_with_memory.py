"""A policy with a memory as an ONNX model, small enough to compute by hand."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

INTO, BACK, OUT = (np.random.default_rng(7).standard_normal(shape).astype(np.float32) * 0.5
                   for shape in ((3, 4), (4, 4), (4, 2)))


def port(name, *shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, list(shape))


def model(inputs, outputs, states=("hidden_in", "hidden_out")):
    """Return h' = tanh(o·INTO + h·BACK), a = h'·OUT, with the given names for its states."""
    before, after = states
    nodes = [helper.make_node("MatMul", [inputs[0].name, "into"], ["x"]),
             helper.make_node("MatMul", [before, "back"], ["y"]),
             helper.make_node("Add", ["x", "y"], ["z"]),
             helper.make_node("Tanh", ["z"], [after]),
             helper.make_node("MatMul", [after, "out"], ["actions"])]
    graph = helper.make_graph(nodes, "policy", inputs, outputs, [
        numpy_helper.from_array(array, name)
        for name, array in (("into", INTO), ("back", BACK), ("out", OUT))])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made.SerializeToString()


def remembering():
    """Return `model` with the names that policies have."""
    return model([port("observations", "batch", 3), port("hidden_in", "batch", 4)],
                 [port("actions", "batch", 2), port("hidden_out", "batch", 4)])
