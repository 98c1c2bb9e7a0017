"""Convolutions on the picture in an observation as ONNX operators."""

from __future__ import annotations

import numpy as np

from dnne_ros.policies.network import PolicyNetwork
from dnne_ros.policies.onnx_graph import OnnxGraph

_PIXELS = "pixels"


def set_picture_aside(graph: OnnxGraph, network: PolicyNetwork) -> None:
    """Part an observation (batch, size) into numbers, which go on, and the pixels behind them."""
    if network.seeing is None:
        return
    sizes = [network.numbers, network.seeing.pixels]
    if network.numbers:
        parts = graph.constant("parts", np.array(sizes, np.int64))
        graph.join("Split", [graph.last, parts], ["numbers", _PIXELS], axis=1)
        graph.last = "numbers"
    else:
        graph.join("Identity", [graph.last], [_PIXELS])


def add_picture(graph: OnnxGraph, network: PolicyNetwork, activation: str) -> None:
    """Put what comes of the picture behind the numbers; ``activation`` is an operator."""
    seeing = network.seeing
    if seeing is None:
        return
    numbers = graph.last
    graph.last = _PIXELS
    graph.add("Reshape", "picture", np.array([-1, *seeing.picture], np.int64))
    for number, layer in enumerate(seeing.convolutions):
        graph.add("Conv", f"convolution_{number}", layer.weight, layer.bias,
                  strides=[layer.stride] * 2)
        graph.add(activation, f"seen_{number}")
    graph.add("Flatten", "features", axis=1)
    if network.numbers:
        graph.join("Concat", [numbers, graph.last], ["numbers_and_features"], axis=1)
        graph.last = "numbers_and_features"
