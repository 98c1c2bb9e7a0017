"""LSTM and GRU layers as ONNX operators, one step at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dnne_ros.policies.bundle import input_of, output_of
from dnne_ros.policies.network import CELLS, PolicyNetwork, RecurrentLayer
from dnne_ros.policies.onnx_graph import OnnxGraph

_ORDERS = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
"""ONNX' order of gates, by torch's numbers of them: input, output, forget, cell of an LSTM, and
update, reset, hidden of a GRU (https://onnx.ai/onnx/operators/onnx__LSTM.html, onnx__GRU.html)."""
_ATTRIBUTES: dict[str, dict[str, int]] = {"lstm": {}, "gru": {"linear_before_reset": 1}}
"""torch multiplies a GRU's state by its weights before it resets it."""


def add_recurrent(graph: OnnxGraph, network: PolicyNetwork) -> None:
    """Add the recurrent layers of a network, if it has some, on float32 (batch, inputs)."""
    if not network.recurrent:
        return
    count = len(network.recurrent)
    graph.add("Unsqueeze", "step", np.array([0], np.int64))
    for state in network.states:
        if count > 1:
            graph.join("Split", [input_of(state)], _parts(state, "before", count), axis=0)
    for number, layer in enumerate(network.recurrent):
        weights = _onnx_weights(network.cell, layer)
        inputs = [graph.last, *(graph.constant(f"recurrent_{number}.{name}", array)
                                for name, array in weights.items()), ""]
        inputs += [_parts(state, "before", count)[number] for state in network.states]
        after = [_parts(state, "after", count)[number] for state in network.states]
        graph.join(network.cell.upper(), inputs, ["", *after],
                   hidden_size=layer.hidden_size, **_ATTRIBUTES[network.cell])
        graph.last = after[0]
    for state in network.states:
        if count > 1:
            graph.join("Concat", _parts(state, "after", count), [output_of(state)], axis=0)
    graph.add("Squeeze", "remembered", np.array([0], np.int64))


def state_ports(network: PolicyNetwork) -> tuple[list[Any], list[Any]]:
    """Return the inputs and the outputs of a model for what its network carries on."""
    from onnx import TensorProto, helper

    shape: list[str | int | None] = [len(network.recurrent), "batch", *(
        layer.hidden_size for layer in network.recurrent[:1])]
    return ([helper.make_tensor_value_info(input_of(state), TensorProto.FLOAT, shape)
             for state in network.states],
            [helper.make_tensor_value_info(output_of(state), TensorProto.FLOAT, shape)
             for state in network.states])


def recurrent_in(arrays: Mapping[str, np.ndarray], operators: Sequence[str]
                 ) -> tuple[str, tuple[RecurrentLayer, ...]]:
    """Undo `add_recurrent`: the cell, and the layers of which a model has ``arrays``.

    Raises KeyError for an array that is missing.
    """
    cell = next((name for name in CELLS if name.upper() in operators), "")
    return cell, tuple(
        _torch_weights(cell, *(arrays[f"recurrent_{number}.{name}"] for name in ("W", "R", "B")))
        for number in range(operators.count(cell.upper()) if cell else 0))


def _parts(state: str, when: str, count: int) -> list[str]:
    """Return the names of a state's parts, one for each layer."""
    if count == 1:
        return [input_of(state) if when == "before" else output_of(state)]
    return [f"{state}_{when}_{number}" for number in range(count)]


def _onnx_weights(cell: str, layer: RecurrentLayer) -> dict[str, np.ndarray]:
    """Return W, R and B of an ONNX operator of one direction."""
    def ordered(array: np.ndarray) -> np.ndarray:
        gates = np.split(array, CELLS[cell].gates)
        return np.concatenate([gates[number] for number in _ORDERS[cell]])

    return {"W": ordered(layer.input_weight)[None], "R": ordered(layer.state_weight)[None],
            "B": np.concatenate([ordered(layer.input_bias), ordered(layer.state_bias)])[None]}


def _torch_weights(cell: str, weight: np.ndarray, state_weight: np.ndarray, bias: np.ndarray
                   ) -> RecurrentLayer:
    """Undo `_onnx_weights`."""
    def ordered(array: np.ndarray) -> np.ndarray:
        gates = np.split(array, CELLS[cell].gates)
        return np.concatenate([gates[place] for place in np.argsort(_ORDERS[cell])])

    return RecurrentLayer(ordered(weight[0]), ordered(state_weight[0]),
                          *map(ordered, np.split(bias[0], 2)))
