"""``policy.onnx``: the network with normalisation, clip and scale, written from its weights.

Made with ``onnx.helper`` rather than traced: it takes milliseconds, needs no torch, and the same
policy gives the same bytes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from dnne_ros.policies.bundle import INPUT, METADATA, OUTPUT
from dnne_ros.policies.interface import ActionTerm, Interface
from dnne_ros.policies.network import Layer, PolicyNetwork

if TYPE_CHECKING:
    from onnx import ModelProto

_OPSET, _IR_VERSION = 17, 8
"""Old enough for every runtime that is in use."""
_OPERATORS = {"relu": "Relu", "tanh": "Tanh", "elu": "Elu"}


class _Graph:
    """Nodes in a row, each of which takes what the one before gives."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []
        self._last = INPUT

    def add(self, operator: str, name: str, *constants: np.ndarray, **attributes: Any) -> None:
        from onnx import helper, numpy_helper

        inputs = [self._last]
        for number, constant in enumerate(constants):
            inputs.append(f"{name}.{number}")
            self.arrays.append(numpy_helper.from_array(constant, inputs[-1]))
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        self._last = name

    def end(self) -> None:
        self.nodes[-1].output[0] = OUTPUT


def onnx_model(network: PolicyNetwork, interface: Interface) -> ModelProto:
    """Return `bare_model` with the interface in its metadata."""
    from onnx import checker, helper

    model = bare_model(network, interface.actions)
    helper.set_model_props(model, {METADATA: json.dumps(interface.to_json(), sort_keys=True)})
    checker.check_model(model, full_check=True)
    return model


def bare_model(network: PolicyNetwork, actions: ActionTerm) -> ModelProto:
    """Return ``observations`` float32 (batch, size) → ``actions`` float32 (batch, size).

    The full checker passes it.  ``actions`` says what becomes of what the network gives.
    """
    from onnx import TensorProto, helper

    graph = _Graph()
    if network.mean is not None and network.deviation is not None:
        graph.add("Sub", "centred", network.mean)
        graph.add("Div", "normalized", network.deviation)
    for number, layer in enumerate(network.layers):
        if number:
            graph.add(_OPERATORS[network.activation], f"activation_{number}")
        graph.add("Gemm", f"layer_{number}", layer.weight, layer.bias, transB=1)
    if network.discrete:
        graph.add("ArgMax", "choice", axis=1, keepdims=1)
        graph.add("Cast", "chosen", to=TensorProto.FLOAT)
    else:
        _add_command(graph, actions)
    graph.end()
    model: ModelProto = helper.make_model(
        helper.make_graph(
            graph.nodes, "policy",
            [helper.make_tensor_value_info(
                INPUT, TensorProto.FLOAT, ["batch", network.observation_size])],
            [helper.make_tensor_value_info(
                OUTPUT, TensorProto.FLOAT, ["batch", network.action_size])],
            graph.arrays),
        opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION,
        producer_name="dnne_ros")
    return model


def network_in(model: bytes) -> PolicyNetwork:
    """Undo `onnx_model`, the command at its end excepted; ValueError for any other network."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load_model_from_string(model).graph
    arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    operators = [node.op_type for node in graph.node]
    try:
        layers = tuple(
            Layer(arrays[f"layer_{number}.0"], arrays[f"layer_{number}.1"])
            for number in range(operators.count("Gemm")))
        activation = next((name for name, operator in _OPERATORS.items()
                           if operator in operators), "relu")
        network = PolicyNetwork(
            layers, activation, arrays.get("centred.0"), arrays.get("normalized.0"),
            "ArgMax" in operators)
    except KeyError as error:
        raise ValueError(f"is not a network that dnne_ros writes: {error} is missing") from None
    written = _graph_of(network, clip="clipped.0" in arrays, scale="scaled.0" in arrays,
                        offset="command.0" in arrays)
    if not layers or operators != written:
        raise ValueError(f"is not a network that dnne_ros writes: {' '.join(operators)[:200]}")
    return network


def stated_interface(model: ModelProto) -> Any:
    """Return the interface in a model's metadata as JSON values; ValueError if it has none."""
    for entry in model.metadata_props:
        if entry.key == METADATA:
            return json.loads(entry.value)
    raise ValueError(f"has no {METADATA} in its metadata")


def _graph_of(network: PolicyNetwork, *, clip: bool, scale: bool, offset: bool) -> list[str]:
    """Return the operators of `onnx_model`, in their order."""
    layers = ["Gemm", _OPERATORS[network.activation]] * len(network.layers)
    return [*(["Sub", "Div"] if network.mean is not None else []), *layers[:-1],
            *(["ArgMax", "Cast"] if network.discrete else [
                operator for operator, is_there in (
                    ("Clip", clip), ("Mul", scale), ("Add", offset))
                if is_there])]


def _add_command(graph: _Graph, actions: ActionTerm) -> None:
    if actions.clip is not None:
        low, high = map(np.float32, actions.clip)
        graph.add("Clip", "clipped", np.array(low), np.array(high))
    if actions.scale is not None:
        graph.add("Mul", "scaled", np.array(actions.scale, np.float32))
    if actions.offset is not None:
        graph.add("Add", "command", np.array(actions.offset, np.float32))
