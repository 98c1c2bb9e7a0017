"""ONNX operators in a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class OnnxGraph:
    """Nodes in a row, each of which takes what the one before gives."""

    def __init__(self, start: str):
        """Begin with the tensor named ``start``."""
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []
        self.last = start

    def add(self, operator: str, name: str, *constants: np.ndarray, **attributes: Any) -> None:
        """Add an operator on the last tensor and ``constants``, with the output ``name``."""
        inputs = [self.last, *(self.constant(f"{name}.{number}", constant)
                               for number, constant in enumerate(constants))]
        self.join(operator, inputs, [name], **attributes)
        self.last = name

    def join(self, operator: str, inputs: Sequence[str], outputs: Sequence[str],
             **attributes: Any) -> None:
        """Add an operator on tensors by their names, beside the row."""
        from onnx import helper

        self.nodes.append(helper.make_node(
            operator, inputs, outputs, name=next(filter(None, outputs)), **attributes))

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant; returns its name."""
        from onnx import numpy_helper

        self.arrays.append(numpy_helper.from_array(np.ascontiguousarray(value).reshape(
            np.shape(value)), name))
        return name

    def end(self, name: str) -> None:
        """Let ``name`` be what the row gives."""
        if self.nodes and self.last in self.nodes[-1].output:
            outputs = self.nodes[-1].output
            outputs[list(outputs).index(self.last)] = name
        else:
            self.join("Identity", [self.last], [name])
        self.last = name
