"""``policy.onnx``: the network with normalisation, clip and scale, written from its weights.

Made with ``onnx.helper`` rather than traced: it takes milliseconds, needs no torch, and the same
policy gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dnne_ros.policies.bundle import INPUT, METADATA, OUTPUT
from dnne_ros.policies.interface import ActionTerm, Interface
from dnne_ros.policies.network import Layer, PolicyNetwork
from dnne_ros.policies.onnx_graph import OnnxGraph
from dnne_ros.policies.onnx_pictures import add_picture, set_picture_aside
from dnne_ros.policies.onnx_recurrent import add_recurrent, recurrent_in, state_ports

if TYPE_CHECKING:
    from onnx import ModelProto

_OPSET, _IR_VERSION = 17, 8
"""Old enough for every runtime that is in use."""
_LOGITS = "logits"
"""The constant of a model that says how many logits each of several choices has."""
_OPERATORS = {"relu": "Relu", "tanh": "Tanh", "elu": "Elu"}


def onnx_model(network: PolicyNetwork, interface: Interface) -> ModelProto:
    """Return `bare_model` with the interface in its metadata."""
    from onnx import checker

    model = bare_model(network, interface.actions)
    state_interface(model, interface)
    checker.check_model(model, full_check=True)
    return model


def bare_model(network: PolicyNetwork, actions: ActionTerm) -> ModelProto:
    """Return ``observations`` float32 (batch, size) → ``actions`` float32 (batch, size).

    What a recurrent network carries from one action to the next is ``h_in`` → ``h_out`` (and
    ``c_in`` → ``c_out``), float32 (layers, batch, hidden) each; zeros at the beginning.  The
    full checker passes it.  ``actions`` says what becomes of what the network gives.
    """
    from onnx import TensorProto, helper

    graph = OnnxGraph(INPUT)
    set_picture_aside(graph, network)
    _add_normalizer(graph, network)
    add_picture(graph, network, _OPERATORS[network.activation])
    add_recurrent(graph, network)
    for number, layer in enumerate(network.layers):
        if number:
            graph.add(_OPERATORS[network.activation], f"activation_{number}")
        graph.add("Gemm", f"layer_{number}", layer.weight, layer.bias, transB=1)
    if network.choices:
        _add_choices(graph, network.choices)
        graph.add("Cast", "chosen", to=TensorProto.FLOAT)
    else:
        if network.squash:
            graph.add("Tanh", "squashed")
        add_command(graph, actions)
    graph.end(OUTPUT)
    states_in, states_out = state_ports(network)
    model: ModelProto = helper.make_model(
        helper.make_graph(
            graph.nodes, "policy",
            [helper.make_tensor_value_info(
                INPUT, TensorProto.FLOAT, ["batch", network.observation_size]), *states_in],
            [helper.make_tensor_value_info(
                OUTPUT, TensorProto.FLOAT, ["batch", network.action_size]), *states_out],
            graph.arrays),
        opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION,
        producer_name="dnne_ros")
    return model


def add_command(graph: OnnxGraph, actions: ActionTerm) -> None:
    """Add what makes commands of a network's outputs: clip, scale, offset and limits."""
    if actions.clip is not None:
        low, high = map(np.float32, actions.clip)
        graph.add("Clip", "clipped", np.array(low), np.array(high))
    if actions.scale is not None:
        graph.add("Mul", "scaled", np.array(actions.scale, np.float32))
    if actions.offset is not None:
        graph.add("Add", "command", np.array(actions.offset, np.float32))
    if actions.limits is not None:
        low, high = np.array(actions.limits, np.float32).T
        graph.add("Max", "above_least", low)
        graph.add("Min", "limited", high)


def network_in(model: bytes, interface: Interface) -> PolicyNetwork:
    """Undo `onnx_model`; ValueError for any other network."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load_model_from_string(model).graph
    arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    operators = [node.op_type for node in graph.node]
    if "Conv" in operators:
        raise ValueError("it sees a picture")
    try:
        network = _network_of(arrays, operators)
        written = [node.op_type for node in bare_model(network, interface.actions).graph.node]
    except KeyError as error:
        raise ValueError(f"is not a network that dnne_ros writes: {error} is missing") from None
    if operators != written:
        raise ValueError(f"is not a network that dnne_ros writes: {' '.join(operators)[:200]}")
    return network


def state_interface(model: ModelProto, interface: Interface) -> None:
    """Put the interface into a model's metadata."""
    from onnx import helper

    helper.set_model_props(model, {METADATA: json.dumps(interface.to_json(), sort_keys=True)})


def stated_interface(model: ModelProto) -> Any:
    """Return the interface in a model's metadata as JSON values; ValueError if it has none."""
    for entry in model.metadata_props:
        if entry.key == METADATA:
            return json_in(entry.value)
    raise ValueError(f"has no {METADATA} in its metadata")


def json_in(metadata: str) -> Any:
    """Return the interface in a text of metadata as JSON values; ValueError if it is none."""
    try:
        return json.loads(metadata)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{METADATA} in its metadata is not JSON: {error}") from None


def _add_choices(graph: OnnxGraph, choices: Sequence[int]) -> None:
    """Add what gives the number of the largest logit of each choice."""
    if len(choices) == 1:
        graph.add("ArgMax", "choice", axis=1, keepdims=1)
        return
    sizes = graph.constant(_LOGITS, np.array(choices, np.int64))
    logits = [f"logits_{number}" for number in range(len(choices))]
    graph.join("Split", [graph.last, sizes], logits, axis=1)
    chosen = [f"choice_{number}" for number in range(len(choices))]
    for before, after in zip(logits, chosen, strict=True):
        graph.join("ArgMax", [before], [after], axis=1, keepdims=1)
    graph.join("Concat", chosen, ["choices"], axis=1)
    graph.last = "choices"


def _add_normalizer(graph: OnnxGraph, network: PolicyNetwork) -> None:
    """Add the normaliser, in the precision that its numbers have."""
    from onnx import TensorProto

    if network.mean is None or network.deviation is None:
        return
    is_double = network.mean.dtype == np.float64
    if is_double:
        graph.add("Cast", "double", to=TensorProto.DOUBLE)
    graph.add("Sub", "centred", network.mean)
    graph.add("Div", "normalized", network.deviation)
    if network.observation_clip is not None:
        most = np.array(network.observation_clip, network.mean.dtype)
        graph.add("Clip", "bounded", -most, most)
    if is_double:
        graph.add("Cast", "single", to=TensorProto.FLOAT)


def _network_of(arrays: Mapping[str, np.ndarray], operators: Sequence[str]) -> PolicyNetwork:
    """Return the network of which a model has ``arrays``; KeyError for one that is missing."""
    cell, recurrent = recurrent_in(arrays, operators)
    layers = tuple(Layer(arrays[f"layer_{number}.0"], arrays[f"layer_{number}.1"])
                   for number in range(operators.count("Gemm")))
    hidden = [operator for operator in operators if operator in _OPERATORS.values()]
    hidden = hidden[:max(0, len(layers) - 1)]
    activation = next((name for name, operator in _OPERATORS.items() if operator in hidden),
                      "relu")
    most = arrays.get("bounded.1")
    choices = arrays.get(_LOGITS, layers[-1].bias.shape if layers else ())
    return PolicyNetwork(
        layers, activation, arrays.get("centred.0"), arrays.get("normalized.0"),
        tuple(map(int, choices)) if "ArgMax" in operators else (),
        None if most is None else float(most), cell, recurrent,
        operators.count("Tanh") > hidden.count("Tanh"))
